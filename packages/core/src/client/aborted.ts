import type { Target } from "../driver/entity.ts";
import { isQueueError, type QueueError } from "../errors/queue-error.ts";
import { cancelledError } from "../time/abort.ts";

/** The error of an administrative call that ended early: CLOSED if the client was closed, else CANCELLED. */
export function aborted(signal: AbortSignal, target: Pick<Target, "name">): QueueError {
  if (isQueueError(signal.reason, "CLOSED")) return signal.reason;
  return cancelledError(signal, { operation: "admin", target: target.name, ambiguous: true });
}
