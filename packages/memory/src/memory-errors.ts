import {
  isQueueError,
  queueError,
  type ErrorClass,
  type Operation,
  type QueueError,
} from "@anyqueue/core/adapter";

/** All expected failures here are portable errors already; anything else is a defect of ours. */
export function classifyMemoryError(error: unknown): ErrorClass {
  if (!isQueueError(error)) return { code: "INTERNAL", retryable: false };
  return {
    code: error.code,
    retryable: error.retryable,
    ambiguous: error.ambiguous,
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  };
}

export function notFound(target: string, operation: Operation): QueueError {
  return queueError("NOT_FOUND", {
    what: "this entity was not created",
    remedy: "Create it (client.admin.create), or leave out `create=explicit` to create it on first use.",
    provider: "memory",
    target,
    operation,
  });
}

export function closedError(target: string, operation: Operation): QueueError {
  return queueError("CLOSED", { what: "the driver is closed", provider: "memory", target, operation });
}

export function leaseLost(target: string, operation: Operation): QueueError {
  return queueError("LEASE_LOST", {
    what: "the lease of this delivery is over",
    provider: "memory",
    target,
    operation,
  });
}

export function cancelled(
  target: string,
  operation: Operation,
  reason: unknown,
  ambiguous: boolean,
): QueueError {
  return queueError("CANCELLED", {
    what: `${operation} was aborted`,
    provider: "memory",
    target,
    operation,
    ambiguous,
    cause: reason,
  });
}

export function unsupported(target: string, feature: string, remedy: string): QueueError {
  return queueError(
    "UNSUPPORTED",
    { what: `${feature} is not possible here`, provider: "memory", target, remedy },
    { feature, remedy },
  );
}
