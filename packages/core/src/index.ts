export { createClient } from "./client/queue-client.ts";
export type {
  AdminOptions,
  ClientOptions,
  QueueAdmin,
  QueueClient,
  QueueCounts,
  RedriveOptions,
  SendPolicy,
} from "./client/client-types.ts";
export type { EntityConfig, QueueConfig } from "./client/config.ts";
export { DEFAULTS } from "./client/defaults.ts";
export {
  createEventEngine,
  type EventEngine,
  type EventEngineOptions,
  type EventResult,
  type EventWork,
} from "./consumer/event-engine.ts";
export type { HealthOptions } from "./client/health-server.ts";
export type { Provider } from "./client/provider.ts";
export { route } from "./client/route.ts";
export { runWorker, type WorkerOptions, type WorkerProcess } from "./client/run-worker.ts";
export type { Feature } from "./driver/capabilities.ts";
export type { EventBatch, EventSource, Outcome } from "./driver/event-source.ts";
export { ERROR_CODES, type ErrorCode } from "./errors/error-codes.ts";
export { DeadLetterError, RetryError } from "./errors/handler-errors.ts";
export { isQueueError, QueueError, type ErrorDetails } from "./errors/queue-error.ts";
export { bytes, json, text, type Codec } from "./message/codec.ts";
export type { BareOptions, QueuePolicy, RetryPolicy } from "./message/define-options.ts";
export {
  deadLetters,
  defineQueue,
  defineTopic,
  unchecked,
  type AnyDefinition,
  type BodyOf,
  type Definition,
  type InputOf,
  type QueueDefinition,
  type Source,
  type SubscriptionDefinition,
  type TopicDefinition,
} from "./message/queue-definition.ts";
export type { StandardSchemaV1 } from "./message/standard-schema.ts";
export {
  idempotency,
  memoryIdempotencyStore,
  type IdempotencyOptions,
  type IdempotencyStore,
} from "./middleware/idempotency.ts";
export type { Middleware, OutgoingDraft } from "./middleware/middleware.ts";
export type { RetryAmbiguous } from "./producer/producer-setup.ts";
export type {
  BatchHandler,
  ConsumerOptions,
  DeadLetterDetails,
  DrainReport,
  Handler,
  HandlerContext,
  Health,
  Logger,
  Message,
  QueueConsumer,
  ReceivedMessage,
} from "./queue-consumer.ts";
export type { QueueProducer, SendOptions, SendResult, Sent } from "./queue-producer.ts";
export type { EventListener, EventName, QueueEvents } from "./telemetry/events.ts";
export { parseDuration, type Duration } from "./time/duration.ts";
