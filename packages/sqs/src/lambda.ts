export { sqsEvents, type SqsEventsOptions } from "./sqs-events.ts";
export type {
  LambdaContext,
  SqsBatchResponse,
  SqsCalls,
  SqsEvent,
  SqsRecord,
  SqsRecordAttribute,
} from "./lambda-wire.ts";
export type { SqsHandle } from "./sqs-wire.ts";
