export { conformance, type ConformanceOptions, type RegisterTest } from "./conformance.ts";
export type { CaseLevel, ConformanceCase, Hook } from "./case.ts";
export {
  FaultPlan,
  InjectedFault,
  type CallDetail,
  type CallRecord,
  type Fault,
  type Hold,
} from "./fault-plan.ts";
export { describeExplored } from "./explore/describe-explored.ts";
export {
  exploreSchedule,
  exploreSeed,
  type Broker,
  type BrokerService,
  type ExplorableBroker,
  type Explored,
  type RecordedHandOut,
} from "./explore/explore-seed.ts";
export type { ConsumerMode } from "./explore/pulling.ts";
export type {
  Behaviour,
  BrokerFault,
  ExploredFeatures,
  Incident,
  PlannedMessage,
  Schedule,
} from "./explore/schedule.ts";
export type { SeededChoice } from "./explore/seeded-choice.ts";
export { serviceScheduleOf, type ServiceSettings } from "./explore/service-schedule.ts";
export { faulty } from "./faulty.ts";
export {
  checkHistory,
  INVARIANTS,
  type CheckedInvariant,
  type Exhibit,
  type HistoryCounts,
  type HistoryVerdict,
} from "./history/check-history.ts";
export { describeVerdict } from "./history/describe-verdict.ts";
export type {
  CloseReport,
  EventBase,
  EventMembers,
  EventType,
  HandleResult,
  HistoryEvent,
  SettleKind,
} from "./history/history-event.ts";
export { HistoryRecorder, type RecordedSend } from "./history/history-recorder.ts";
export { machineHistoryTime, type HistoryTime } from "./history/history-time.ts";
export { HistoryWriter, type HistorySink } from "./history/history-writer.ts";
export {
  HISTORY_PROMISES,
  type Finding,
  type HistoryPromises,
  type Invariant,
  type InvariantOutcome,
  type InvariantVerdict,
} from "./history/invariant.ts";
export { leaseHash, messageHash } from "./history/message-hash.ts";
export { HistoryError, readHistory } from "./history/read-history.ts";
export { Tagged, type LeaseOf } from "./history/recording-adapter.ts";
export type {
  Backend,
  BackendTime,
  CreatedQueue,
  DeniedAccess,
  ForeignMessage,
  ForeignPeer,
  FunctionHost,
  Harness,
  KnownGap,
  QueueRequest,
} from "./harness.ts";
export {
  FunctionCalls,
  hostingFunctions,
  type FunctionToHost,
  type HostedFunction,
} from "./hosted-functions.ts";
export { NEEDS, missingNeeds, type Need, type TargetFacts } from "./needs.ts";
export {
  formatMatrix,
  publishable,
  publishValue,
  type CaseOutcome,
  type CaseResult,
  type PublishedResults,
  type TargetResults,
} from "./results.ts";
export { openRun, runConformance, type ConformanceRun, type RunOptions } from "./run.ts";
export { SERVERLESS_CASES, SERVERLESS_ORDER_CASES } from "./serverless-cases.ts";
export { CASES } from "./suite.ts";
