import { setImmediate as nextTurn } from "node:timers/promises";

/** What one scenario reports while it runs; the worker reads `done` at both ends of the window. */
export interface Running {
  /** Messages finished so far. */
  done(): number;
  /** Ends the work and waits for what is under way. */
  stop(): Promise<void>;
}

/** After so many calls a caller lets the event loop turn: queues inside one process never would. */
const CALLS_A_TURN = 64;

/** `count` callers that each repeat `call`, worth `size` messages, until stopped. */
export function callers(count: number, call: (nth: number) => Promise<unknown>, size = 1): Running {
  let done = 0;
  let nth = 0;
  let stopped = false;
  const loop = async (): Promise<void> => {
    for (let calls = 1; !stopped; calls += 1) {
      nth += 1;
      await call(nth);
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

/** The same, with `close` after the last call. */
export function closing(running: Running, close: () => Promise<unknown>): Running {
  return {
    done: running.done,
    async stop() {
      await running.stop();
      await close();
    },
  };
}
