import {
  createBatchHandler,
  createHandler,
  type EventBatch,
  type EventSource,
  type HandlerOptions,
  type Outcome,
} from "../src/index.ts";
import { defineQueue, type BatchHandler, type Handler, type QueueEvents, type Source } from "@anyqueue/core";
import type { Delivery } from "@anyqueue/core/adapter";
import { createVirtualClock, delivery, type VirtualClock } from "@anyqueue/core/testing";

export interface Order {
  readonly order: string;
}

export const orders = defineQueue<Order>("orders", { retry: { attempts: 3, delay: "7s" } });

/** The event with which a platform would call the function. */
export interface TestEvent {
  readonly deliveries: readonly Delivery<string>[];
  /** Time until the platform ends the call. */
  readonly timeoutMs?: number;
}

export type Emitted = {
  [Name in keyof QueueEvents]: { readonly name: Name; readonly event: QueueEvents[Name] };
}[keyof QueueEvents];

export interface EventBench {
  readonly clock: VirtualClock;
  readonly emitted: readonly Emitted[];
  /** Calls the function and returns the outcomes as the source received them. */
  call(event: TestEvent): Promise<readonly Outcome[]>;
}

interface BenchOptions {
  readonly definition?: Source<Order>;
  readonly options?: HandlerOptions;
  readonly batch?: Omit<EventBatch<string>, "deliveries" | "remainingMs">;
  readonly onReply?: () => void;
}

/** A function on a virtual clock, behind a source that the test controls. */
export function eventBench(
  work: Handler<Order> | { readonly batchHandler: BatchHandler<Order>; readonly size?: number },
  { definition = orders, options, batch, onReply }: BenchOptions = {},
): EventBench {
  const clock = createVirtualClock();
  const emitted: Emitted[] = [];
  const source: EventSource<[TestEvent], readonly Outcome[], string> = {
    receive: ({ deliveries, timeoutMs }) => {
      const endsAtMs = clock.now() + (timeoutMs ?? 0);
      const remaining = timeoutMs === undefined ? {} : { remainingMs: () => endsAtMs - clock.now() };
      return { ...batch, ...remaining, deliveries };
    },
    reply: (outcomes) => {
      onReply?.();
      return outcomes;
    },
  };
  const given: HandlerOptions = { clock, listener: listenerTo(emitted), ...options };
  const call =
    typeof work === "function"
      ? createHandler(definition, source, work, given)
      : createBatchHandler(definition, source, work.batchHandler, { ...given, size: work.size });
  return { clock, emitted, call };
}

let count = 0;

export function orderDelivery(order: string, over: Partial<Delivery<string>> = {}): Delivery<string> {
  count += 1;
  return delivery(`handle-${count}`, {
    id: order,
    providerId: `stored-${count}`,
    body: new TextEncoder().encode(JSON.stringify({ order })),
    deliveryCount: 1,
    ...over,
  });
}

export function kinds(outcomes: readonly Outcome[]): readonly Outcome["kind"][] {
  return outcomes.map(({ kind }) => kind);
}

/** Rejects with the signal's reason, as most things do that take a signal. */
export async function untilAborted(signal: AbortSignal): Promise<never> {
  const aborted = Promise.withResolvers<void>();
  if (signal.aborted) aborted.resolve();
  signal.addEventListener("abort", () => aborted.resolve());
  await aborted.promise;
  throw signal.reason;
}

/** Lets time pass as fast as it can until `work` ends. */
export async function eventually<Value>(clock: VirtualClock, work: Promise<Value>): Promise<Value> {
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  await clock.settle();
  while (!isOver && clock.nextTimerAt() !== undefined) await clock.advanceToNextTimer();
  return await over;
}

function listenerTo(emitted: Emitted[]): NonNullable<HandlerOptions["listener"]> {
  const names = ["handled", "dead-lettered", "dead-letter-failed", "settle-failed", "late-result"] as const;
  const more = ["redelivery-acked", "expired", "emulated", "lease-lost", "notice"] as const;
  return Object.fromEntries(
    [...names, ...more].map((name) => [name, (event: unknown) => emitted.push({ name, event } as Emitted)]),
  );
}
