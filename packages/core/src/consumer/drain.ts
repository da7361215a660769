import { QueueError } from "../errors/queue-error.ts";
import type { DrainReport } from "../queue-consumer.ts";
import type { Clock } from "../time/clock.ts";
import { within } from "../time/within.ts";
import type { DrainTime } from "../time/drain-time.ts";

export const NOTHING_HANDLED: DrainReport = /* @__PURE__ */ Object.freeze({
  handled: 0,
  released: 0,
  unsettled: 0,
  abandoned: 0,
});

/** The steps of a drain, in their order. */
export interface DrainSteps {
  readonly clock: Clock;
  /** Stops asking, with the flow at 0. */
  readonly stopAsking: () => Promise<void>;
  readonly giveBackUnstarted: () => void;
  /** Resolves when no handler runs. */
  readonly idle: () => Promise<void>;
  readonly abortHandlers: (reason: QueueError) => void;
  readonly giveBackRunning: () => void;
  readonly flush: (withinMs: number) => Promise<void>;
  /** Aborts requests in flight, and lets none go out: nobody waits for an answer any more. */
  readonly cutOff: () => void;
  readonly stopLeases: () => Promise<void>;
  readonly close: () => Promise<void>;
  readonly report: () => DrainReport;
  /** Called when a step failed. The drain goes on. */
  readonly onError: (step: string, error: unknown) => void;
}

/** Longest wait for aborted asks to return. */
const STOP_WITHIN_MS = 1_000;
/** Time that a handler has to end after its signal aborted. */
const GRACE_MS = 1_000;
const FLUSH_WITHIN_MS = 5_000;
const CLOSE_WITHIN_MS = 5_000;
/** Time beyond the drain's timeout: until settlements are given up, and until the drain ends. */
const FLUSH_GRACE_MS = 2_500;
const END_GRACE_MS = 3_000;

/**
 * Ends a consumer. Every step runs, even if an earlier one fails. Never rejects. Resolves at the latest
 * `END_GRACE_MS` after its timeout, whatever the service does.
 */
export async function drain(steps: DrainSteps, time: DrainTime): Promise<DrainReport> {
  const { clock } = steps;
  await step("stop asking", steps, async () => await within(clock, STOP_WITHIN_MS, steps.stopAsking()));
  await step("give back", steps, steps.giveBackUnstarted);
  await step("wait for handlers", steps, async () => {
    if (await time.allows(steps.idle())) return;
    steps.abortHandlers(
      new QueueError("CANCELLED", {
        what: `the consumer is closing and waits no longer than ${time.timeoutMs} ms`,
        remedy: "Stop; the message is given back.",
      }),
    );
    await within(clock, GRACE_MS, steps.idle());
    steps.giveBackRunning();
  });
  await step("flush settlements", steps, async () => {
    await steps.flush(Math.min(FLUSH_WITHIN_MS, time.leftMs(FLUSH_GRACE_MS)));
  });
  await step("cut off", steps, steps.cutOff);
  for (const [name, end] of [
    ["stop leases", steps.stopLeases],
    ["close drivers", steps.close],
  ] as const) {
    const withinMs = Math.min(CLOSE_WITHIN_MS, time.leftMs(END_GRACE_MS));
    await step(name, steps, async () => await within(clock, withinMs, end()));
  }
  return steps.report();
}

async function step(name: string, steps: DrainSteps, run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    steps.onError(name, error);
  }
}
