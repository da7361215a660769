import { LinkedList, type Linked } from "../batching/linked-list.ts";
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
    const request: Cuttable = {
      cutOff: (by) => end(cutOff(operation, by, true)),
      previous: undefined,
      next: undefined,
    };
    const underCut = cut === undefined ? undefined : requestsUnder(cut);
    underCut?.add(request);
    call(controller.signal)
      .then(resolve, (error: unknown) => {
        /* oxlint-disable-next-line typescript/prefer-promise-reject-errors -- passed on as it is */
        reject(ended ?? error);
      })
      .finally(() => {
        timer.cancel();
        underCut?.delete(request);
      });
  });
}

interface Cuttable extends Linked<Cuttable> {
  cutOff(by: AbortSignal): void;
}

const requests = new WeakMap<AbortSignal, LinkedList<Cuttable>>();

/**
 * One listener for all requests of a consumer. Node's list of listeners lets each that was removed point to the next: where
 * requests overlap, one that has grown old would keep all later ones, with their messages, from the cheap collection.
 */
function requestsUnder(cut: AbortSignal): LinkedList<Cuttable> {
  const known = requests.get(cut);
  if (known !== undefined) return known;
  const list = new LinkedList<Cuttable>();
  requests.set(cut, list);
  const cutAll = (): void => {
    for (const request of list.toArray()) request.cutOff(cut);
  };
  cut.addEventListener("abort", cutAll, { once: true });
  return list;
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
