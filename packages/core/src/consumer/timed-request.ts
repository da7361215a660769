import type { Operation } from "../driver/driver.ts";
import { QueueError } from "../errors/queue-error.ts";
import type { Clock } from "../time/clock.ts";

/**
 * Runs one request of a driver for at most `timeoutMs`; also where the driver ignores its signal. One timer a request, not
 * a message. `cut` ends it before, or keeps it from going out.
 */
export async function timedRequest<T>(
  clock: Clock,
  operation: Operation,
  timeoutMs: number,
  call: (signal: AbortSignal) => Promise<T>,
  cut?: AbortSignal,
): Promise<T> {
  if (cut?.aborted === true) throw cutOff(operation, cut, false);
  const controller = new AbortController();
  return await new Promise<T>((resolve, reject) => {
    const end = (error: QueueError): void => {
      reject(error);
      controller.abort(error);
    };
    const timer = clock.setTimer(() => {
      end(
        new QueueError("TIMEOUT", {
          what: `the service did not answer within ${timeoutMs} ms`,
          operation,
          ambiguous: true,
        }),
      );
    }, timeoutMs);
    const onCut = (): void => {
      if (cut !== undefined) end(cutOff(operation, cut, true));
    };
    cut?.addEventListener("abort", onCut, { once: true });
    call(controller.signal)
      .then(resolve, reject)
      .finally(() => {
        timer.cancel();
        cut?.removeEventListener("abort", onCut);
      });
  });
}

function cutOff(operation: Operation, { reason }: AbortSignal, ambiguous: boolean): QueueError {
  return new QueueError("CANCELLED", {
    what: "closed before the service answered",
    remedy: "Allow the close more time.",
    operation,
    ambiguous,
    cause: reason,
  });
}
