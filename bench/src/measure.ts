import { setImmediate as nextTurn } from "node:timers/promises";

/** What one scenario reports while it runs; the worker reads `done` at both ends of the window. */
export interface Running {
  /** Messages finished so far. */
  done(): number;
  /** How long the last calls took, in ms; left out where a call is no round trip. */
  latenciesMs?(): readonly number[];
  stop(): Promise<void>;
}

/** One way to do the job; runs in a process of its own. */
export interface Scenario {
  readonly name: string;
  start(stub: { readonly port: number }): Promise<Running>;
}

/** What a measured process sends back. */
export interface Measurement {
  readonly messages: number;
  readonly seconds: number;
  readonly cpuMicros: number;
  readonly rssBytes: number;
  /** Median round trip of a call; undefined where none was timed. */
  readonly roundTripMs: number | undefined;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** A JSON document of about 1 KB, with the quotes that make SQS escape it. */
export function exampleBody(index: number): { readonly id: string; readonly items: readonly object[] } {
  const items = Array.from({ length: 30 }, (_, i) => ({ sku: `A-${100 + i}`, quantity: i % 9, price: 1.25 }));
  return { id: `order-${String(index).padStart(8, "0")}`, items: items.slice(0, 22) };
}

/** After so many calls a caller lets the event loop turn: queues inside one process never would. */
const CALLS_A_TURN = 64;

/** Round trips of the end of the window are enough for a median. */
const LATENCIES_KEPT = 10_000;

/** One caller that repeats `call` until stopped, and how long each took. */
export function timedCaller(call: () => Promise<unknown>): Running {
  const latenciesMs: number[] = [];
  let calls = 0;
  const timed = async (): Promise<void> => {
    const startedAt = performance.now();
    await call();
    latenciesMs[calls % LATENCIES_KEPT] = performance.now() - startedAt;
    calls += 1;
  };
  return { ...callers(1, timed), latenciesMs: () => latenciesMs };
}

/** `count` callers that each repeat `call` until stopped. */
export function callers(count: number, call: () => Promise<unknown>, size = 1): Running {
  let done = 0;
  let stopped = false;
  const loop = async (): Promise<void> => {
    for (let calls = 1; !stopped; calls += 1) {
      await call();
      done += size;
      if (calls % CALLS_A_TURN === 0) await nextTurn();
    }
  };
  const all = Promise.all(Array.from({ length: count }, loop));
  return {
    done: () => done,
    async stop() {
      stopped = true;
      await all;
    },
  };
}
