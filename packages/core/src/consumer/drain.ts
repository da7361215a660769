import { DEFAULTS } from "../client/defaults.ts";
import { QueueError } from "../errors/queue-error.ts";
import type { DrainReport } from "../queue-consumer.ts";
import type { Clock } from "../time/clock.ts";

/** What a drain does, in the order of doing. */
export interface DrainSteps {
  readonly clock: Clock;
  /** Flow 0, no more asks. */
  readonly stopAsking: () => Promise<void>;
  /** @returns how many were given back */
  readonly giveBackUnstarted: () => number;
  /** Resolves when no handler runs. */
  readonly idle: () => Promise<void>;
  readonly abortHandlers: (reason: QueueError) => void;
  /** @returns how many were given back */
  readonly giveBackRunning: () => number;
  readonly flush: (withinMs: number) => Promise<void>;
  readonly stopLeases: () => Promise<void>;
  readonly close: () => Promise<void>;
  readonly report: (givenBack: number) => DrainReport;
  /** A step failed; the drain goes on. */
  readonly onError: (step: string, error: unknown) => void;
}

/** An ask that was aborted is back within this, or is not waited for. */
const STOP_WITHIN_MS = 1_000;
/** What a handler gets after its signal aborted. */
const GRACE_MS = 1_000;
const FLUSH_WITHIN_MS = 5_000;
const CLOSE_WITHIN_MS = 5_000;

/** Ends a consumer: every step runs even if one before it fails. Never rejects. */
export async function drain(steps: DrainSteps, timeoutMs: number = DEFAULTS.drainMs): Promise<DrainReport> {
  const { clock } = steps;
  let givenBack = 0;
  await step("stop asking", steps, async () => await within(clock, STOP_WITHIN_MS, steps.stopAsking()));
  await step("give back", steps, () => {
    givenBack += steps.giveBackUnstarted();
  });
  await step("wait for handlers", steps, async () => {
    if (await within(clock, timeoutMs, steps.idle())) return;
    steps.abortHandlers(
      new QueueError("CANCELLED", {
        what: `the consumer is closing and waits no longer than ${timeoutMs} ms`,
        remedy: "Stop; the message is given back.",
      }),
    );
    await within(clock, GRACE_MS, steps.idle());
    givenBack += steps.giveBackRunning();
  });
  await step("flush settlements", steps, async () => {
    await steps.flush(FLUSH_WITHIN_MS);
  });
  await step("stop leases", steps, async () => await within(clock, CLOSE_WITHIN_MS, steps.stopLeases()));
  await step("close drivers", steps, async () => await within(clock, CLOSE_WITHIN_MS, steps.close()));
  return steps.report(givenBack);
}

async function step(name: string, steps: DrainSteps, run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    steps.onError(name, error);
  }
}

/** @returns false if `work` took longer. */
export async function within(clock: Clock, ms: number, work: Promise<void>): Promise<boolean> {
  return await new Promise<boolean>((resolve, reject) => {
    const timer = clock.setTimer(
      () => {
        resolve(false);
      },
      ms,
      true,
    );
    work
      .then(() => {
        resolve(true);
      }, reject)
      .finally(() => {
        timer.cancel();
      });
  });
}
