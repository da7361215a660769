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
export { faulty } from "./faulty.ts";
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
export { CASES } from "./suite.ts";
