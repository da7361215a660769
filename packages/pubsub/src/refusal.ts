import { QueueError } from "@anyqueue/core/adapter";

/** An INVALID_ARGUMENT of this package. */
export function invalid(what: string, remedy: string): QueueError {
  return new QueueError("INVALID_ARGUMENT", { what, remedy, provider: "pubsub" });
}
