import type { Handler, HandlerContext, Message } from "@anyqueue/core";

/** One run of a recorded handler. */
export interface RecordedRun<Body> {
  /** What the handler was given. */
  readonly message: Message<Body>;
  /** Number of the attempt: 1 on the first delivery. */
  readonly attempt: number;
}

/** A handler that remembers what it was given; made by {@link recorder}. */
export interface Recorder<Body> {
  /** Records the message, then calls the inner handler. */
  (message: Message<Body>, context: HandlerContext): unknown;
  /** The runs so far, in order. A retried message appears more than once. */
  readonly runs: readonly RecordedRun<Body>[];
  /** The messages of these runs. */
  readonly messages: readonly Message<Body>[];
  /** Resolves with the first `count` messages once that many runs began. Does not move a virtual clock. */
  received(count: number): Promise<readonly Message<Body>[]>;
  /** Forgets the runs so far. Pending calls of `received` keep waiting. */
  clear(): void;
}

/**
 * Makes a handler that records what it is given, then calls `inner`. Without `inner` it acks.
 *
 * @example
 * const seen = recorder<Order>();
 * const run = client.consumer(orders).run(seen);
 * const [first] = await seen.received(1);
 */
export function recorder<Body = unknown>(inner?: Handler<Body>): Recorder<Body> {
  const runs: RecordedRun<Body>[] = [];
  const waits = new Set<{ readonly count: number; readonly resolve: () => void }>();

  function record(message: Message<Body>, context: HandlerContext): unknown {
    runs.push({ message, attempt: context.attempt });
    for (const wait of waits) {
      if (runs.length < wait.count) continue;
      waits.delete(wait);
      wait.resolve();
    }
    return inner?.(message, context);
  }

  async function received(count: number): Promise<readonly Message<Body>[]> {
    if (runs.length < count) {
      await new Promise<void>((resolve) => {
        waits.add({ count, resolve });
      });
    }
    return runs.slice(0, count).map(({ message }) => message);
  }

  return Object.defineProperties(record, {
    runs: { get: () => runs },
    messages: { get: () => runs.map(({ message }) => message) },
    received: { value: received },
    clear: {
      value: () => {
        runs.length = 0;
      },
    },
  }) as Recorder<Body>; // the type adds exactly the properties defined above
}
