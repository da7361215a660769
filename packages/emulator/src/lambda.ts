// For hosts of functions: the runtime API that function processes poll, and the reading of their answers.
export {
  LAMBDA_MAX_PAYLOAD_BYTES,
  RuntimeEndpoint,
  type Invocation,
  type InvocationResult,
} from "./fronts/sqs/mappings/runtime-endpoint.ts";
export { readBatchResponse, type BatchFailures } from "./fronts/sqs/mappings/batch-response.ts";
export {
  resolveMapping,
  type EventSourceMappingOptions,
  type MappedQueue,
  type ResolvedMappingOptions,
} from "./fronts/sqs/mappings/mapping-options.ts";
export { EmulatorError, type EmulatorErrorCode } from "./emulator-error.ts";
