export { startEmulator, type Emulator, type EmulatorEndpoints } from "./emulator.ts";
export { EMULATOR_DEFAULTS, type EmulatorOptions, type ResolvedEmulatorOptions } from "./emulator-options.ts";
export { EmulatorError, type EmulatorErrorCode } from "./emulator-error.ts";
export { controlClient, type ControlClient } from "./control/control-client.ts";
export { spawnEmulator, type SpawnedEmulator } from "./spawn-emulator.ts";
export type {
  ActionsByProtocol,
  FaultAction,
  FaultCall,
  FaultMatch,
  FaultRule,
  Protocol,
  Wire,
} from "./faults/fault-rule.ts";
export type { PubsubFaultAction } from "./faults/pubsub-fault-action.ts";
export type { SqsFaultAction } from "./faults/sqs-fault-action.ts";
export type { CallLogEntry, CallOutcome } from "./log/call-log.ts";
export type { HandOut } from "./log/hand-out-log.ts";
export type {
  EventSourceMapping,
  InvocationSnapshot,
  MappingSnapshot,
} from "./fronts/sqs/mappings/event-source-mapping.ts";
export type { EventSourceMappingOptions } from "./fronts/sqs/mappings/mapping-options.ts";
export type { EntityMessageSnapshot, EntitySnapshot } from "./fronts/service-bus/entity-snapshot.ts";
export type { EntityStatus } from "./fronts/service-bus/engine/entity-settings.ts";
export type { MessageCounts } from "./fronts/service-bus/engine/contract.ts";
export type { Outcome, OutcomeCounts } from "./fronts/service-bus/engine/outcome-log.ts";
export type {
  CorrelationFilterConfig,
  NamespaceConfig,
  QueueConfig,
  QueuePropertiesConfig,
  RuleConfig,
  ServiceBusConfig,
  SubscriptionConfig,
  SubscriptionPropertiesConfig,
  TopicConfig,
  TopicPropertiesConfig,
} from "./fronts/service-bus/config/service-bus-config.ts";
export {
  usePlainHttp,
  type PipelineClient,
  type PlainHttpPolicy,
  type PlainRequest,
} from "./fronts/service-bus/use-plain-http.ts";
export type {
  ConsumerSnapshot,
  SubscriptionMessageSnapshot,
  SubscriptionSnapshot,
  TopicSnapshot,
} from "./fronts/pubsub/subscription-snapshot.ts";
export type { PushSigningKeys, PushTokenClaims } from "./fronts/pubsub/push/oidc-tokens.ts";
export type { PushTarget } from "./fronts/pubsub/push/set-push.ts";
export type { GrpcCode } from "./fronts/pubsub/pubsub-error.ts";
export type { MessageSnapshot, QueueSnapshot } from "./fronts/sqs/queue-snapshot.ts";
export type { ClockMode } from "./time/engine-clock.ts";
