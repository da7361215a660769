import type { QueueError } from "@anyqueue/core";

/** What `--json` says of an error. */
export function errorFields(error: QueueError): Readonly<Record<string, unknown>> {
  const { code, message, remedy, retryable, ambiguous, providerCode, requestId } = error;
  return { code, message, remedy, retryable, ambiguous, providerCode, requestId };
}
