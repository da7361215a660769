import type { EngineClock } from "../../../time/engine-clock.ts";
import type { Delivery, ReceiveRequest } from "./queue-contract.ts";
import type { SqsQueue } from "./sqs-queue.ts";
import type { Waiter } from "./waiter-line.ts";

/** A receive that may have to wait. */
export interface LongPoll {
  /** Empty after a timeout; undefined if the queue was deleted or the poll cancelled. */
  readonly result: Promise<readonly Delivery[] | undefined>;
  /** Removes the poll from the line, so that it gets no more messages. */
  cancel(): void;
}

export function startLongPoll(
  queue: SqsQueue,
  clock: EngineClock,
  request: ReceiveRequest,
  waitMs: number,
): LongPoll {
  const atOnce = queue.receive(request);
  if (atOnce.length > 0 || waitMs === 0) return { result: Promise.resolve(atOnce), cancel: () => undefined };
  const { promise, resolve } = Promise.withResolvers<readonly Delivery[] | undefined>();
  const finish = (deliveries: readonly Delivery[] | undefined): void => {
    clock.cancel(timer);
    queue.waiters.remove(waiter);
    resolve(deliveries);
  };
  const waiter: Waiter = {
    tryReceive() {
      const deliveries = queue.isDeleted ? undefined : queue.receive(request);
      if (deliveries?.length === 0) return false;
      finish(deliveries);
      return true;
    },
  };
  const timer = clock.at(clock.now() + waitMs, () => {
    // A wake-up may be pending for a message that became visible in this very millisecond.
    finish(queue.receive(request));
  });
  queue.waiters.add(waiter);
  return {
    result: promise,
    cancel: () => {
      finish(undefined);
    },
  };
}
