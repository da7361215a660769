import type { Operation } from "../driver/driver.ts";
import { QueueError } from "../errors/queue-error.ts";

/** A CANCELLED error whose cause is the signal's own reason, untouched. */
export function cancelledError(
  signal: AbortSignal,
  where: {
    readonly operation: Operation;
    readonly provider?: string;
    readonly target: string;
    readonly ambiguous?: boolean;
  },
): QueueError {
  const reason: unknown = signal.reason;
  return new QueueError("CANCELLED", { what: `${where.operation} was aborted`, ...where, cause: reason });
}
