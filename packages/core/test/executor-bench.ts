import type { Capabilities } from "../src/driver/capabilities.ts";
import type { Outcome } from "../src/driver/event-source.ts";
import { QueueError } from "../src/errors/queue-error.ts";
import { HeldDelivery } from "../src/consumer/held-delivery.ts";
import { KeyLanes } from "../src/consumer/key-lanes.ts";
import type { LeaseKeeper } from "../src/consumer/lease-keeper.ts";
import { ElapsedTime } from "../src/time/elapsed-time.ts";
import type { ExecutorOptions } from "../src/consumer/executor-options.ts";
import { OutcomeExecutor } from "../src/consumer/outcome-executor.ts";
import { SettledMemory } from "../src/consumer/settled-memory.ts";
import type { Settler } from "../src/consumer/settler.ts";
import { createVirtualClock, delivery } from "../src/testing.ts";
import { EventLog } from "./consumer-bench.ts";
import { FAKE_CAPABILITIES } from "./fake-adapter.ts";

export const TARGET = "fake://here/orders";
export const DEAD: Outcome = { kind: "dead-letter", reason: "R", attributes: {} };
export const retry = (delayMs: number): Outcome => ({ kind: "release", delayMs, cause: "retry" });

export const refusal = (code: "ACCESS_DENIED" | "NOT_FOUND" | "LEASE_LOST" | "INTERNAL"): QueueError =>
  new QueueError(code, { what: "no" });

export interface ExecutorBenchOptions {
  readonly capabilities?: Partial<Capabilities>;
  readonly isOrdered?: boolean;
  readonly over?: Partial<ExecutorOptions>;
}

/** A lease keeper and a settler that only log their calls. */
function recorders(log: string[], state: { readonly leftMs: number }) {
  const keeper = {
    untrack: ({ delivery: { id } }: HeldDelivery) => log.push(`${id} untracked`),
    wakeAt: ({ delivery: { id } }: HeldDelivery, atMs: number) => log.push(`${id} wakes at ${atMs}`),
    leftMs: () => state.leftMs,
  } as unknown as LeaseKeeper;
  const settler = {
    submit: ({ delivery: { id }, settlement }: HeldDelivery) => {
      const how = settlement?.kind === "release" ? ` ${settlement.delayMs} ${settlement.cause}` : "";
      log.push(`${id} ${settlement?.kind}${how}`);
    },
    retry: ({ delivery: { id } }: HeldDelivery) => log.push(`${id} tried again`),
    after: async (_held: HeldDelivery, work: Promise<unknown>, then: (result: unknown) => void) => {
      then(await work);
    },
    lose: ({ delivery: { id } }: HeldDelivery) => log.push(`${id} lost while settling`),
  } as unknown as Settler;
  return { keeper, settler };
}

/** An executor of outcomes that logs its calls to the other parts; with ordering, there is one key, "k". */
export function executorBench({ capabilities, isOrdered = false, over }: ExecutorBenchOptions = {}) {
  const clock = createVirtualClock();
  const events = new EventLog();
  const memory = new SettledMemory();
  const lanes = isOrdered ? new KeyLanes() : undefined;
  const log: string[] = [];
  const fatal: string[] = [];
  const state = { leftMs: 60_000, lastAsk: 4 };
  const executor = new OutcomeExecutor({
    ...recorders(log, state),
    target: TARGET,
    capabilities: { ...FAKE_CAPABILITIES, followers: "release", ...capabilities },
    route: { kind: "native" },
    retries: undefined,
    time: new ElapsedTime(clock),
    memory,
    events,
    lanes,
    bounds: { minMs: 1_000, maxMs: 300_000 },
    maxParkMs: 60_000,
    random: () => 0.5,
    hooks: {
      left: ({ delivery: { id } }) => log.push(`${id} left`),
      ready: ({ delivery: { id } }) => log.push(`${id} ready`),
      fatal: ({ code }) => fatal.push(code),
      lastAsk: () => state.lastAsk,
    },
    ...over,
  });
  /** Makes a delivery whose handler is running, or one that waits in its lane. */
  const take = (
    name: string,
    { isRunning = true, ask = 1, leaseMs }: { isRunning?: boolean; ask?: number; leaseMs?: number } = {},
  ): HeldDelivery => {
    const key = isOrdered ? "k" : undefined;
    const held = new HeldDelivery(
      delivery(name, { id: name, providerId: name, ...(leaseMs !== undefined && { leaseMs }) }),
      key,
      ask,
    );
    if (key !== undefined) lanes?.place(held, key, clock.now());
    if (isRunning) held.become("running");
    return held;
  };
  return { clock, events, memory, lanes, log, fatal, state, executor, take };
}
