import type { Handler, HandlerContext, Message } from "@anyqueue/core";

/** One run of a recorded handler. */
export interface RecordedRun<Body> {
  /** What the handler was given. */
  readonly message: Message<Body>;
  /** Which attempt it was: 1 on the first delivery. */
  readonly attempt: number;
}

/** A handler that remembers what it was given; made by {@link recorder}. */
export interface Recorder<Body> {
  /** Records the message, then does what the inner handler does. */
  (message: Message<Body>, context: HandlerContext): unknown;
  /** The runs so far, in their order; a message that was retried is among them more than once. */
  readonly runs: readonly RecordedRun<Body>[];
  /** The messages of these runs. */
  readonly messages: readonly Message<Body>[];
  /** Resolves with the first `count` messages as soon as so many runs have begun; does not move a virtual clock. */
  received(count: number): Promise<readonly Message<Body>[]>;
  /** Forgets the runs so far; who waits for `received` goes on waiting. */
  clear(): void;
}

/**
 * Makes a handler that records what it is given and then does what `inner` does; without `inner` it acks.
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
  }) as Recorder<Body>; // the properties defined above are what the type adds to the function
}
