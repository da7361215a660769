import type { Operation } from "../driver/driver.ts";
import { QueueError } from "../errors/queue-error.ts";
import type { Clock } from "../time/clock.ts";

/** Runs one request of a driver for at most `timeoutMs`; also where the driver ignores its signal. One timer a request, not a message. */
export async function timedRequest<T>(
  clock: Clock,
  operation: Operation,
  timeoutMs: number,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  return await new Promise<T>((resolve, reject) => {
    const timer = clock.setTimer(() => {
      const error = new QueueError("TIMEOUT", {
        what: `the service did not answer within ${timeoutMs} ms`,
        operation,
        ambiguous: true,
      });
      reject(error);
      controller.abort(error);
    }, timeoutMs);
    call(controller.signal)
      .then(resolve, reject)
      .finally(() => {
        timer.cancel();
      });
  });
}
