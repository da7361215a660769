import { queueError, QueueError } from "@anyqueue/core/adapter";

export const PROVIDER = "service-bus";

/** An INVALID_ARGUMENT of this package. */
export function invalid(what: string, remedy: string): QueueError {
  return new QueueError("INVALID_ARGUMENT", { what, remedy, provider: PROVIDER });
}

/** An UNSUPPORTED of this package. */
export function unsupported(feature: string, what: string, remedy: string): QueueError {
  return queueError("UNSUPPORTED", { what, remedy, provider: PROVIDER }, { feature, remedy });
}
