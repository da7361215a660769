import { describe, expect, test } from "vitest";
import type { DrainReport } from "../queue-consumer.ts";
import { createVirtualClock } from "../testing.ts";
import { within } from "../time/within.ts";
import { drain as drainWithin, type DrainSteps } from "./drain.ts";
import { DrainTime } from "../time/drain-time.ts";

const REPORT: DrainReport = { handled: 7, released: 2, unsettled: 0, abandoned: 1 };
const never = async (): Promise<void> => await new Promise(() => {});

/** Steps that end quickly unless the test replaces them. Each is logged with its moment. */
function bench(over: Partial<DrainSteps> = {}) {
  const clock = createVirtualClock();
  const log: string[] = [];
  const reasons: unknown[] = [];
  const errors: string[] = [];
  const note = (name: string): void => {
    log.push(`${clock.now()} ${name}`);
  };
  const defaults: DrainSteps = {
    clock,
    stopAsking: async () => {},
    giveBackUnstarted: () => {},
    idle: async () => {},
    abortHandlers: (reason) => {
      reasons.push(reason);
    },
    giveBackRunning: () => {},
    flush: async () => {},
    cutOff: () => {},
    stopLeases: async () => {},
    close: async () => {},
    report: () => REPORT,
    onError: (step, error) => {
      errors.push(`${step}: ${String(error)}`);
    },
  };
  const steps: DrainSteps = { ...defaults, ...over };
  const noted: DrainSteps = {
    ...steps,
    stopAsking: async () => {
      note("stop");
      await steps.stopAsking();
    },
    giveBackUnstarted: () => {
      note("give back unstarted");
      steps.giveBackUnstarted();
    },
    idle: async () => {
      note("idle");
      await steps.idle();
    },
    abortHandlers: (reason) => {
      note("abort");
      steps.abortHandlers(reason);
    },
    giveBackRunning: () => {
      note("give back running");
      steps.giveBackRunning();
    },
    flush: async (withinMs) => {
      note(`flush ${withinMs}`);
      await steps.flush(withinMs);
    },
    cutOff: () => {
      note("cut off");
      steps.cutOff();
    },
    stopLeases: async () => {
      note("stop leases");
      await steps.stopLeases();
    },
    close: async () => {
      note("close");
      await steps.close();
    },
  };
  return { clock, log, reasons, errors, steps: noted };
}

async function drain(steps: DrainSteps, timeoutMs: number): Promise<DrainReport> {
  return await drainWithin(steps, new DrainTime(steps.clock, timeoutMs));
}

describe("a drain", () => {
  test("does its steps in their order, and no timer is left", async () => {
    const { clock, log, reasons, errors, steps } = bench();
    expect(await drain(steps, 10_000)).toBe(REPORT);
    expect(log).toEqual([
      "0 stop",
      "0 give back unstarted",
      "0 idle",
      "0 flush 5000",
      "0 cut off",
      "0 stop leases",
      "0 close",
    ]);
    expect([reasons, errors, clock.pendingTimers]).toEqual([[], [], 0]);
  });

  test("aborts handlers after the time it was given, waits a grace and gives back what they hold", async () => {
    const { clock, log, reasons, steps } = bench({ idle: never });
    const drained = drain(steps, 10_000);
    await clock.advance(60_000);
    await drained;
    expect(log.slice(2)).toEqual([
      "0 idle",
      "10000 abort",
      "10000 idle",
      "11000 give back running",
      "11000 flush 1500",
      "11000 cut off",
      "11000 stop leases",
      "11000 close",
    ]);
    expect(reasons).toMatchObject([
      {
        code: "CANCELLED",
        message: expect.stringContaining("10000 ms"),
        remedy: expect.stringMatching(/.+/u),
      },
    ]);
  });

  test.each([
    ["less", 1_000, "5000 abort", "1000 ms"],
    ["none", 0, "4000 abort", "0 ms"],
    ["more", 60_000, "10000 abort", "10000 ms"],
  ])("has %s time than at first if somebody says so while handlers run, never more", async (...given) => {
    const [, timeoutMs, abort, reason] = given;
    const { clock, log, reasons, steps } = bench({ idle: never });
    const time = new DrainTime(clock, 10_000);
    const drained = drainWithin(steps, time);
    await clock.advance(4_000);
    time.end(timeoutMs);
    await clock.advance(60_000);
    await drained;
    expect(log).toContain(abort);
    expect(reasons).toMatchObject([{ message: expect.stringContaining(reason) }]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("waits no longer for handlers that stop in time", async () => {
    const end = Promise.withResolvers<void>();
    const { clock, log, reasons, steps } = bench({ idle: async () => await end.promise });
    const drained = drain(steps, 10_000);
    await clock.advance(4_000);
    end.resolve();
    await clock.settle();
    await drained;
    expect(reasons).toEqual([]);
    expect(log).toContain("4000 flush 5000");
    expect(clock.pendingTimers).toBe(0);
  });

  test.each([
    ["an ask that is not back", { stopAsking: never }, "1000 give back unstarted"],
    ["a renewal that is not answered", { stopLeases: never }, "5000 close"],
  ])("does not wait for ever for %s", async (_what, over, next) => {
    const { clock, log, errors, steps } = bench(over);
    const drained = drain(steps, 10_000);
    await clock.advance(60_000);
    await drained;
    expect(log).toContain(next);
    expect(errors).toEqual([]);
  });

  test("ends five seconds after a driver was told to close, closed or not", async () => {
    const { clock, steps } = bench({ close: never });
    let isDone = false;
    const drained = drain(steps, 10_000).then(() => {
      isDone = true;
    });
    await clock.advance(4_999);
    expect(isDone).toBe(false);
    await clock.advance(1);
    expect(isDone).toBe(true);
    await drained;
  });

  test("does every step even if all of them fail, and says which did", async () => {
    const fails = async (): Promise<void> => await Promise.reject(new Error("no"));
    const throws = (): never => {
      throw new Error("no");
    };
    const { log, errors, steps } = bench({
      stopAsking: fails,
      giveBackUnstarted: throws,
      idle: fails,
      cutOff: throws,
      flush: fails,
      stopLeases: fails,
      close: fails,
    });
    expect(await drain(steps, 10_000)).toBe(REPORT);
    expect(log).toHaveLength(7);
    expect(errors).toEqual([
      "stop asking: Error: no",
      "give back: Error: no",
      "wait for handlers: Error: no",
      "flush settlements: Error: no",
      "cut off: Error: no",
      "stop leases: Error: no",
      "close drivers: Error: no",
    ]);
  });
});

describe("a drain where nothing answers", () => {
  const silent = {
    stopAsking: never,
    idle: never,
    flush: never,
    stopLeases: never,
    close: never,
  };

  test.each([0, 1_000, 4_000, 25_000])(
    "of %i ms ends three seconds later at the latest",
    async (timeoutMs) => {
      const { clock, steps } = bench({
        ...silent,
        flush: async (withinMs) => {
          await within(clock, withinMs, never());
        },
      });
      let endedAtMs = -1;
      const drained = drain(steps, timeoutMs).then(() => {
        endedAtMs = clock.now();
      });
      await clock.advance(60_000);
      await drained;
      expect(endedAtMs).toBe(timeoutMs + 3_000);
      expect(clock.pendingTimers).toBe(0);
    },
  );

  test("gives settlements the time that it has, and cuts off what they left", async () => {
    const { clock, log, steps } = bench({ stopAsking: never, stopLeases: never, close: never });
    const drained = drain(steps, 4_000);
    await clock.advance(60_000);
    await drained;
    expect(log.slice(3)).toEqual(["1000 flush 5000", "1000 cut off", "1000 stop leases", "6000 close"]);
  });
});
