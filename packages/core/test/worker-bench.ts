import { Admission } from "../src/consumer/admission.ts";
import { Dispatcher } from "../src/consumer/dispatcher.ts";
import type { HeldDelivery } from "../src/consumer/held-delivery.ts";
import { KeyLanes } from "../src/consumer/key-lanes.ts";
import type { LeaseKeeper } from "../src/consumer/lease-keeper.ts";
import { ElapsedTime } from "../src/time/elapsed-time.ts";
import type { OutcomeExecutor } from "../src/consumer/outcome-executor.ts";
import { SettledMemory } from "../src/consumer/settled-memory.ts";
import { Worker, type WorkerParts } from "../src/consumer/worker.ts";
import type { Delivery } from "../src/driver/delivery.ts";
import type { Outcome } from "../src/driver/event-source.ts";
import { json } from "../src/message/codec.ts";
import { createVirtualClock, delivery } from "../src/testing.ts";
import { EventLog } from "./consumer-bench.ts";

interface BenchOptions {
  readonly limit?: number;
  readonly isOrdered?: boolean;
  readonly over?: Partial<WorkerParts>;
}

interface Run {
  readonly id: string;
  readonly signal: AbortSignal;
  readonly end: () => Promise<void>;
  readonly fail: (error: unknown) => Promise<void>;
}

/** A lease keeper that only knows which deliveries are held, and until when. */
function holdingKeeper(
  log: string[],
  held: Set<HeldDelivery>,
  state: { readonly leftMs: number },
): LeaseKeeper {
  return {
    track: (one: HeldDelivery, leaseMs: number | undefined) => {
      held.add(one);
      log.push(`${one.delivery.id} held for ${leaseMs}`);
    },
    wakeAt: ({ delivery: { id } }: HeldDelivery, atMs: number) => log.push(`${id} wakes at ${atMs}`),
    leftMs: () => state.leftMs,
    holders: () => [...held],
  } as unknown as LeaseKeeper;
}

/** An executor that logs its calls, and takes decided deliveries away from their handlers. */
function writingExecutor(log: string[]): OutcomeExecutor {
  const note =
    (what: string) =>
    ({ delivery: { id } }: HeldDelivery, more?: unknown): void => {
      log.push(`${id} ${what}${typeof more === "number" ? ` ${more}` : ""}`);
    };
  return {
    apply: (held: HeldDelivery, outcome: Outcome) => {
      held.outcome = outcome;
      held.become("settling");
      log.push(`${held.delivery.id} ${outcome.kind}${outcome.kind === "release" ? ` ${outcome.cause}` : ""}`);
    },
    lost: (held: HeldDelivery, error: { readonly code: string; readonly message: string }) => {
      held.finish();
      log.push(`${held.delivery.id} ${error.message}`);
    },
    giveBack: note("given back"),
    follow: note("follows after"),
    unpark: note("unparked"),
    wake: note("woken"),
  } as unknown as OutcomeExecutor;
}

/** A worker whose handlers the test ends, and whose other parts log their calls. */
export function workerBench({ limit = 10, isOrdered = false, over }: BenchOptions = {}) {
  const clock = createVirtualClock();
  const time = new ElapsedTime(clock);
  const events = new EventLog();
  const lanes = isOrdered ? new KeyLanes() : undefined;
  const log: string[] = [];
  const counts = { room: 0, idle: 0 };
  const state = { leftMs: 60_000 };
  const runs: Run[] = [];
  const keeper = holdingKeeper(log, new Set(), state);
  const executor = writingExecutor(log);
  const logger = { info: () => {}, warn: () => {}, error: () => {} };
  const dispatcher = new Dispatcher({
    limit,
    clock,
    rateLimit: undefined,
    lanes,
    start: (held, nowMs) => worker.start(held, nowMs),
    onTokens: () => {},
  });
  const target = "fake://here/orders";
  const memory = new SettledMemory();
  const worker: Worker = new Worker({
    target,
    clock,
    time,
    events,
    rules: {
      details: { kind: "queue", name: "orders", codec: json(), needs: [], emulate: [], policy: {} },
      handle: async ({ id }, { signal }) => {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        runs.push({
          id,
          signal,
          async end() {
            resolve();
            await clock.settle();
          },
          async fail(error) {
            reject(error);
            await clock.settle();
          },
        });
        await promise;
      },
      onInvalid: "dead-letter",
      redelivery: {
        attempts: 5,
        delay: "7s",
        bounds: { minMs: 1, maxMs: 2 },
        random: () => 0.5,
        onPolicyError: () => {},
      },
      source: "orders",
      wallNow: () => clock.wallNow(),
    },
    context: { keeper, clock, time, logger, lastAttempt: 5 },
    admission: new Admission({
      target,
      leaseMs: 60_000,
      clock,
      events,
      keeper,
      executor,
      memory,
      isTimed: true,
    }),
    dispatcher,
    lanes,
    keeper,
    executor,
    handlerTimeoutMs: undefined,
    onRoom: () => {
      counts.room += 1;
    },
    onIdle: () => {
      counts.idle += 1;
    },
    ...over,
  });
  /** Accepts deliveries of ask 1 and waits until their handlers have begun. */
  const accept = async (...ids: readonly string[]): Promise<void> => {
    worker.accept(
      ids.map((id) => keyed(id)),
      1,
      500,
    );
    await clock.settle();
  };
  const run = (id: string): Run => {
    const found = runs.find((one) => one.id === id);
    if (found === undefined) throw new Error(`no handler of ${id} began`);
    return found;
  };
  const heldOf = (id: string): HeldDelivery => {
    const found = keeper.holders().find((held) => held.delivery.id === id);
    if (found === undefined) throw new Error(`${id} is not in hand`);
    return found;
  };
  return { clock, events, lanes, log, counts, state, runs, memory, dispatcher, worker, accept, run, heldOf };
}

/** A delivery named after its key and number: "k1". */
export function keyed(id: string, over: Partial<Delivery<unknown>> = {}): Delivery<unknown> {
  return delivery<unknown>(id, { id, providerId: id, orderingKey: id.slice(0, 1), ...over });
}
