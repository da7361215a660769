import type { Operation } from "../driver/driver.ts";
import { QueueError } from "../errors/queue-error.ts";
import type { Clock } from "../time/clock.ts";
import { setTimeLimit } from "../time/time-limit.ts";
import { cutOffBy, type Cuttable, type CutOff } from "./cut-off.ts";

/**
 * Runs one request for at most `timeoutMs`, even if `call` ignores its signal. One timer per request, not per
 * message. `cutOff` ends the request earlier, or keeps it from going out.
 * @throws TIMEOUT, `ambiguous` unless nothing went out
 */
export async function timedRequest<T>(
  clock: Clock,
  operation: Operation,
  timeoutMs: number,
  call: (signal: AbortSignal) => Promise<T>,
  cutOff?: CutOff,
): Promise<T> {
  if (cutOff?.isOver === true) throw wasCut(operation, cutOff, false);
  const controller = new AbortController();
  return await new Promise<T>((resolve, reject) => {
    let ended: QueueError | undefined;
    const end = (error: QueueError): void => {
      ended = error;
      timer.cancel();
      controller.abort(error);
      // In a later turn: by then, a driver that heeds its signal has answered what it knows of each item.
      timer = clock.setTimer(() => {
        reject(error);
      }, 0);
    };
    let timer = setTimeLimit(clock, () => end(timedOut(operation, timeoutMs)), timeoutMs);
    const request: Cuttable = {
      previous: undefined,
      next: undefined,
      cut() {
        if (cutOff !== undefined) end(wasCut(operation, cutOff, true));
      },
    };
    cutOff?.add(request);
    call(controller.signal)
      .then(resolve, (error: unknown) => {
        /* oxlint-disable-next-line typescript/prefer-promise-reject-errors -- passed on as it is */
        reject(ended ?? error);
      })
      .finally(() => {
        timer.cancel();
        cutOff?.delete(request);
      });
  });
}

/** As `timedRequest`, but a signal ends it earlier, even if it has aborted already. */
export async function requestUntil<T>(
  clock: Clock,
  operation: Operation,
  timeoutMs: number,
  call: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return await cutOffBy(
    signal,
    async (cutOff) => await timedRequest(clock, operation, timeoutMs, call, cutOff),
  );
}

function timedOut(operation: Operation, timeoutMs: number): QueueError {
  const what = `the service did not answer within ${timeoutMs} ms`;
  return new QueueError("TIMEOUT", { what, operation, ambiguous: true });
}

function wasCut(operation: Operation, { reason }: CutOff, ambiguous: boolean): QueueError {
  return new QueueError("TIMEOUT", {
    what: "closed before the service answered",
    operation,
    ambiguous,
    cause: reason,
  });
}
