import type { Delivery } from "../driver/delivery.ts";
import { QueueError } from "../errors/queue-error.ts";
import type { Clock } from "../time/clock.ts";
import { setTimeLimit } from "../time/time-limit.ts";
import { sorted, type Brought } from "./check-deliveries.ts";

/** An ask that is overdue by this has stalled: it would never be answered. */
export const STALL_MS = 30_000;
/** Time that a driver has to answer what it has, once it was told to stop (rule D1). */
const STOP_MS = 1_000;

/**
 * Resolves with the answer of one ask. Rejects if a driver takes longer than it may, or does not heed its
 * signal; `late` then gets the deliveries that still come, so that they can be given back.
 */
export async function answerInTime(
  clock: Clock,
  waitMs: number,
  stop: AbortSignal,
  answer: Promise<readonly Delivery<unknown>[]>,
  late: (deliveries: readonly Delivery<unknown>[]) => void,
): Promise<Brought> {
  return await new Promise<Brought>((resolve, reject) => {
    let isLate = false;
    const giveUp = (): void => {
      isLate = true;
      const what = "the adapter did not answer in time, and its request was given up";
      reject(new QueueError("TIMEOUT", { what, operation: "receive" }));
    };
    // The caller waits: a driver's own timer may be later than its wait, and keeps no process alive.
    let timer = setTimeLimit(clock, giveUp, waitMs + STALL_MS, true);
    const hurry = (): void => {
      timer.cancel();
      timer = setTimeLimit(clock, giveUp, STOP_MS, true);
    };
    if (stop.aborted) hurry();
    else stop.addEventListener("abort", hurry);
    void take();

    async function take(): Promise<void> {
      try {
        const brought = sorted(await answer);
        if (isLate) late(brought.deliveries);
        else resolve(brought);
      } catch (error) {
        /* oxlint-disable-next-line typescript/prefer-promise-reject-errors -- passed on as it is */
        reject(error);
      } finally {
        timer.cancel();
        stop.removeEventListener("abort", hurry);
      }
    }
  });
}
