import { expect, test } from "vitest";
import { manualClock, START_MS } from "../../test/support/manual-engine.ts";
import { VirtualClock, type RealTime } from "./engine-clock.ts";
import { waitFor } from "./wait-for.ts";
import { WireTime } from "./wire-time.ts";

/** Real time that a test moves by hand. */
class FakeRealTime implements RealTime {
  #nowMs = START_MS;
  #armed: { readonly dueMs: number; readonly task: () => void } | undefined;

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const armed = { dueMs: this.#nowMs + delayMs, task };
    this.#armed = armed;
    return () => {
      if (this.#armed === armed) this.#armed = undefined;
    };
  }

  get armedForMs(): number | undefined {
    return this.#armed?.dueMs;
  }

  pass(ms: number): void {
    const targetMs = this.#nowMs + ms;
    while (this.#armed !== undefined && this.#armed.dueMs <= targetMs) {
      const { dueMs, task } = this.#armed;
      this.#armed = undefined;
      this.#nowMs = dueMs;
      task();
    }
    this.#nowMs = targetMs;
  }
}

test("a manual clock stands still until it is advanced", async () => {
  const clock = manualClock();
  expect(clock.now()).toBe(START_MS);
  await clock.advance(1500);
  expect(clock.now()).toBe(START_MS + 1500);
});

test("advance runs what falls due in order, each at its own time", async () => {
  const clock = manualClock();
  const seen: string[] = [];
  const note = (name: string) => () => seen.push(`${name}@${clock.now() - START_MS}`);
  clock.at(START_MS + 20, note("late"));
  clock.at(START_MS + 5, () => {
    note("early")();
    clock.at(clock.now() + 5, note("set on the way"));
  });
  clock.at(START_MS + 100, note("too late"));
  expect(await clock.advance(30)).toEqual({ fired: 3 });
  expect(seen).toEqual(["early@5", "set on the way@10", "late@20"]);
});

test("input and output get their turn between two moments of one advance", async () => {
  const clock = manualClock();
  const seen: string[] = [];
  clock.at(START_MS + 5, () => {
    setImmediate(() => seen.push(`answered at ${clock.now() - START_MS}`));
  });
  clock.at(START_MS + 20, () => seen.push("deadline"));
  await clock.advance(60);
  expect(seen).toEqual(["answered at 5", "deadline"]);
});

test("while clients stand still, promises get their turn and input and output do not", async () => {
  const clock = manualClock();
  const seen: string[] = [];
  const note = (name: string) => () => seen.push(`${name} at ${clock.now() - START_MS}`);
  clock.at(START_MS + 5, () => {
    setImmediate(note("answered"));
    void Promise.resolve().then(note("followed"));
  });
  clock.at(START_MS + 20, note("deadline"));
  expect(await clock.pass(60)).toEqual({ fired: 2 });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(seen).toEqual(["followed at 5", "deadline at 20", "answered at 60"]);
});

test("a cancelled task never runs", async () => {
  const clock = manualClock();
  let hasRun = false;
  const timer = clock.at(START_MS + 1, () => {
    hasRun = true;
  });
  clock.cancel(timer);
  expect(await clock.advance(10)).toEqual({ fired: 0 });
  expect(hasRun).toBe(false);
});

test("advances that overlap happen one after the other", async () => {
  const clock = manualClock();
  const seen: number[] = [];
  clock.at(START_MS + 10, () => seen.push(clock.now() - START_MS));
  clock.at(START_MS + 15, () => seen.push(clock.now() - START_MS));
  await Promise.all([clock.advance(10), clock.advance(10)]);
  expect(seen).toEqual([10, 15]);
  expect(clock.now()).toBe(START_MS + 20);
});

test("advance refuses to go back or nowhere", async () => {
  const clock = manualClock();
  await expect(clock.advance(-1)).rejects.toThrow("milliseconds >= 0, got -1");
  await expect(clock.advance(Number.NaN)).rejects.toThrow("got NaN");
  expect(clock.now()).toBe(START_MS);
});

test("a hybrid clock follows real time and fires by itself", () => {
  const real = new FakeRealTime();
  const clock = new VirtualClock("hybrid", real);
  const seen: number[] = [];
  clock.at(START_MS + 50, () => seen.push(clock.now() - START_MS));
  clock.at(START_MS + 30, () => seen.push(clock.now() - START_MS));
  real.pass(40);
  expect(seen).toEqual([30]);
  real.pass(40);
  expect(seen).toEqual([30, 50]);
  expect(clock.now()).toBe(START_MS + 80);
});

test("after an advance a hybrid clock is ahead by exactly that much", async () => {
  const real = new FakeRealTime();
  const clock = new VirtualClock("hybrid", real);
  clock.at(START_MS + 10_000, () => real.pass(3));
  await clock.advance(60_000);
  expect(clock.now()).toBe(START_MS + 3 + 60_000);
  real.pass(5);
  expect(clock.now()).toBe(START_MS + 8 + 60_000);
});

test("a timer further away than setTimeout can reach is armed in steps", () => {
  const real = new FakeRealTime();
  const clock = new VirtualClock("hybrid", real);
  let hasRun = false;
  const fortyDaysMs = 40 * 24 * 3_600_000;
  clock.at(START_MS + fortyDaysMs, () => {
    hasRun = true;
  });
  expect(real.armedForMs).toBe(START_MS + 2 ** 31 - 1);
  real.pass(fortyDaysMs - 1);
  expect(hasRun).toBe(false);
  real.pass(1);
  expect(hasRun).toBe(true);
});

test("a stopped clock fires nothing more", () => {
  const real = new FakeRealTime();
  const clock = new VirtualClock("hybrid", real);
  clock.at(START_MS + 5, () => {
    throw new Error("fired after stop");
  });
  clock.stop();
  real.pass(10);
  expect(real.armedForMs).toBeUndefined();
});

test("the real clock of the machine is the default", () => {
  const clock = new VirtualClock("hybrid");
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(60_000);
});

test("wire time keeps the age of a moment after an advance", async () => {
  const real = new FakeRealTime();
  const clock = new VirtualClock("hybrid", real);
  const wireTime = new WireTime(clock);
  const sentAtMs = clock.now();
  expect(wireTime.toWireMs(sentAtMs)).toBe(START_MS);
  await clock.advance(3_600_000);
  expect(wireTime.toWireMs(sentAtMs)).toBe(START_MS - 3_600_000);
  expect(wireTime.toWireSeconds(clock.now())).toBe(START_MS / 1000);
});

test("wire time is the engine's own for clients that share its clock, however long the machine takes", async () => {
  const real = new FakeRealTime();
  const clock = new VirtualClock("shared", real);
  const wireTime = new WireTime(clock);
  await clock.advance(25);
  real.pass(500);
  expect([clock.now(), wireTime.toWireMs(clock.now())]).toEqual([START_MS + 25, START_MS + 25]);
  expect(wireTime.toEngineMs(START_MS)).toBe(START_MS);
});

test("wire time of a moment is the same whenever somebody asks", () => {
  let realMs = START_MS;
  const real: RealTime = { nowMs: () => (realMs += 1), after: () => () => undefined };
  const wireTime = new WireTime(new VirtualClock("hybrid", real));
  expect([wireTime.toWireMs(START_MS), wireTime.toWireMs(START_MS)]).toEqual([START_MS, START_MS]);
  expect(wireTime.toEngineMs(START_MS)).toBe(START_MS);
});

test("waiting ends with its time or with its signal, whichever is first", async () => {
  const clock = manualClock();
  const abort = new AbortController();
  const inTime = waitFor(clock, 10, abort.signal);
  await clock.advance(10);
  await inTime;
  const aborted = waitFor(clock, 1_000_000, abort.signal);
  abort.abort();
  await aborted;
  await waitFor(clock, 1_000_000, abort.signal);
  expect(clock.nextDeadline()).toBeUndefined();
});
