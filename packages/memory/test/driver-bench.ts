import type {
  ConsumerDriver,
  ConsumerDriverOptions,
  Delivery,
  EntityRef,
  ItemResult,
  OutgoingMessage,
  ProducerDriver,
  QueueAdapter,
  Target,
} from "@anyqueue/core/adapter";
import { createVirtualClock, outgoing, type VirtualClock } from "@anyqueue/core/testing";
import type { Lease } from "../src/broker/stored-message.ts";
import { FaultPlan } from "../src/fault-plan.ts";
import { MemoryAdapter } from "../src/memory-adapter.ts";
import { MemoryEngine } from "../src/memory-engine.ts";

export interface LostLeases {
  readonly handles: readonly Lease[];
  readonly error: unknown;
}

/** Drivers of one engine on a virtual clock. */
export interface DriverBench {
  readonly clock: VirtualClock;
  readonly faults: FaultPlan;
  readonly adapter: QueueAdapter<Lease>;
  readonly engine: MemoryEngine;
  readonly lost: LostLeases[];
  target(ref?: Partial<EntityRef>): Target;
  producer(ref?: Partial<EntityRef>): ProducerDriver;
  consumer(ref?: Partial<EntityRef>, options?: Partial<ConsumerDriverOptions<Lease>>): ConsumerDriver<Lease>;
  send(...messages: readonly Partial<OutgoingMessage>[]): Promise<void>;
}

/** Never aborted. */
export const NEVER: AbortSignal = new AbortController().signal;

export function driverBench(create: "auto" | "explicit" = "auto"): DriverBench {
  const clock = createVirtualClock();
  const faults = new FaultPlan();
  const engine = new MemoryEngine({ clock, seed: undefined, create, faults });
  const adapter = new MemoryAdapter(engine, "");
  const lost: LostLeases[] = [];
  const target = (ref: Partial<EntityRef> = {}): Target =>
    adapter.resolve({ kind: "queue", name: "q", features: [], ...ref });
  const producer = (ref?: Partial<EntityRef>): ProducerDriver => adapter.openProducer(target(ref));
  return {
    clock,
    faults,
    adapter,
    engine,
    lost,
    target,
    producer,
    consumer: (ref, options) =>
      adapter.openConsumer(target(ref), {
        mode: "stream",
        leaseMs: 30_000,
        flow: { maxOutstanding: 100, lanes: 10 },
        events: {
          leasesLost: (leases, error) => {
            if (typeof leases === "object" && "handles" in leases)
              lost.push({ handles: leases.handles, error });
          },
          fault: () => undefined,
        },
        ...options,
      }),
    send: async (...messages) => {
      const results = await producer().sendBatch(messages.map(outgoing), NEVER);
      if (!results.every(({ ok }) => ok)) throw new Error("a send failed");
    },
  };
}

export async function receive(
  consumer: ConsumerDriver<Lease>,
  maxItems = 10,
): Promise<readonly Delivery<Lease>[]> {
  return await consumer.receiveBatch({ maxItems, waitMs: 0 }, NEVER);
}

/** Receives the only delivery. */
export async function receiveOne(consumer: ConsumerDriver<Lease>): Promise<Delivery<Lease>> {
  const [delivery, ...others] = await receive(consumer);
  if (delivery === undefined || others.length > 0)
    throw new Error(`one delivery expected, and ${others.length} came`);
  return delivery;
}

/** `"ok"`, or the portable code of the failure. */
export function codesOf(adapter: QueueAdapter<Lease>, results: readonly ItemResult<unknown>[]): string[] {
  return results.map((result) => (result.ok ? "ok" : adapter.classify(result.error, "ack").code));
}
