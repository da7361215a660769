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
    let ended: QueueError | undefined;
    const end = (error: QueueError): void => {
      ended = error;
      timer.cancel();
      controller.abort(error);
      // In a later turn: a driver that heeds its signal has answered by then, with what it knows of each item.
      timer = clock.setTimer(() => {
        reject(error);
      }, 0);
    };
    let timer = clock.setTimer(() => {
      end(timedOut(operation, timeoutMs));
    }, timeoutMs);
    const listener = {
      handleEvent: () => {
        if (cut !== undefined) end(cutOff(operation, cut, true));
      },
    };
    cut?.addEventListener("abort", listener, { once: true });
    call(controller.signal)
      .then(resolve, (error: unknown) => {
        /* oxlint-disable-next-line typescript/prefer-promise-reject-errors -- passed on as it is */
        reject(ended ?? error);
      })
      .finally(() => {
        timer.cancel();
        cut?.removeEventListener("abort", listener);
        // Where requests overlap, a listener that was removed goes on pointing to the one behind it: once one has grown
        // old, all that the later ones hold would survive each collection of young objects.
        listener.handleEvent = nothing;
      });
  });
}

function timedOut(operation: Operation, timeoutMs: number): QueueError {
  const what = `the service did not answer within ${timeoutMs} ms`;
  return new QueueError("TIMEOUT", { what, operation, ambiguous: true });
}

function cutOff(operation: Operation, { reason }: AbortSignal, ambiguous: boolean): QueueError {
  return new QueueError("TIMEOUT", {
    what: "closed before the service answered",
    operation,
    ambiguous,
    cause: reason,
  });
}

const nothing = (): void => {};
