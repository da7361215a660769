import type { QueueError } from "@anyqueue/core";
import { shellWords } from "./shell-words.ts";

/** The fields of an error in `--json`. */
export function errorFields(error: QueueError): Readonly<Record<string, unknown>> {
  const { code, retryable, ambiguous, providerCode, requestId } = error;
  const [message, remedy] = [shellWords(error, error.message), shellWords(error, error.remedy)];
  return { code, message, remedy, retryable, ambiguous, providerCode, requestId };
}
