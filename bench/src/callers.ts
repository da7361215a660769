import { setImmediate as nextTurn } from "node:timers/promises";

/** A running scenario. The worker reads `done` at both ends of the measured window. */
export interface Running {
  /** The number of messages finished so far. */
  done(): number;
  /** Stops new work and waits for running work. */
  stop(): Promise<void>;
}

/** After this many calls a caller lets the event loop turn, which in-process queues never do themselves. */
const CALLS_A_TURN = 64;

/** Runs `count` callers that each repeat `call` until stopped. One call counts as `size` messages. */
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

/** Adds to `running` that it calls `close` after the last call. */
export function closing(running: Running, close: () => Promise<unknown>): Running {
  return {
    done: running.done,
    async stop() {
      await running.stop();
      await close();
    },
  };
}
