import type { Delivery } from "../driver/delivery.ts";
import { QueueError } from "../errors/queue-error.ts";
import type { Clock } from "../time/clock.ts";
import { DrainTime } from "../time/drain-time.ts";
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
  const time = new DrainTime(clock, waitMs + STALL_MS);
  const hurry = (): void => time.end(STOP_MS);
  if (stop.aborted) hurry();
  else stop.addEventListener("abort", hurry);
  let brought: Brought | undefined;
  let isLate = false;
  const take = async (): Promise<void> => {
    brought = sorted(await answer);
    if (isLate) late(brought.deliveries);
  };
  try {
    // The caller waits: a driver's own timer may be later than its wait, and keeps no process alive.
    await time.allows(take());
  } finally {
    stop.removeEventListener("abort", hurry);
  }
  if (brought !== undefined) return brought;
  isLate = true;
  const what = "the adapter did not answer in time, and its request was given up";
  throw new QueueError("TIMEOUT", { what, operation: "receive" });
}
