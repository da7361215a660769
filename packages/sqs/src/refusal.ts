import { QueueError } from "@anyqueue/core/adapter";

/** Makes an INVALID_ARGUMENT error of this package. */
export function invalid(what: string, remedy: string): QueueError {
  return new QueueError("INVALID_ARGUMENT", { what, remedy, provider: "sqs" });
}
