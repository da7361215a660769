export {
  lambdaContext,
  lambdaEvent,
  type LambdaEventMessage,
  type LambdaEventOptions,
  type LambdaEventRecord,
} from "./lambda-event.ts";
