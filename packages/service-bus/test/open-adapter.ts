import {
  systemClock,
  type AdminDriver,
  type Clock,
  type ConsumerDriver,
  type ConsumerDriverOptions,
  type Delivery,
  type ItemResult,
  type OutgoingMessage,
  type QueueAdapter,
  type Target,
} from "@anyqueue/core/adapter";
import { usePlainHttp } from "@anyqueue/emulator";
import { ServiceBusAdministrationClient, ServiceBusClient } from "@azure/service-bus";
import { serviceBus, type ServiceBusOptions } from "../src/index.ts";
import { connectionString } from "./service-bus-harness.ts";

export const never: AbortSignal = new AbortController().signal;

export function openAdapter(
  endpoint: string,
  { options = {}, clock = systemClock }: { options?: ServiceBusOptions; clock?: Clock } = {},
): QueueAdapter {
  const url = {
    scheme: "service-bus",
    authority: "emulator",
    path: "",
    parameters: { endpoint },
    text: "service-bus://emulator",
  };
  return serviceBus(options).connect(url, { clock });
}

export function queueOf(adapter: QueueAdapter, name = "orders"): Target {
  return adapter.resolve({ kind: "queue", name, features: [] });
}

export function sessionQueueOf(adapter: QueueAdapter, name = "orders"): Target {
  return adapter.resolve({ kind: "queue", name, features: ["ordering"] });
}

export function outgoing(id: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const body = new TextEncoder().encode(`body of ${id}`);
  return { id, body, contentType: "text/plain", attributes: {}, deduplicationId: `d-${id}`, ...more };
}

export interface Reported {
  readonly faults: unknown[];
  readonly lost: unknown[];
}

/** Consumer options that remember what was reported. */
export function consumerOptions(
  more: Partial<Omit<ConsumerDriverOptions<unknown>, "events">> = {},
): ConsumerDriverOptions<unknown> & Reported {
  const faults: unknown[] = [];
  const lost: unknown[] = [];
  return {
    mode: "stream",
    leaseMs: 60_000,
    flow: { maxOutstanding: 10, lanes: 10 },
    events: { leasesLost: (what) => void lost.push(what), fault: (error) => void faults.push(error) },
    ...more,
    faults,
    lost,
  };
}

/** Asks until `count` deliveries are there. */
export async function receive(
  consumer: ConsumerDriver<unknown>,
  count: number,
  maxItems = 200,
): Promise<readonly Delivery<unknown>[]> {
  const deliveries: Delivery<unknown>[] = [];
  while (deliveries.length < count) {
    const ask = { maxItems: Math.min(maxItems, count - deliveries.length), waitMs: 15_000 };
    const received = await consumer.receiveBatch(ask, never);
    if (received.length === 0) throw new Error(`${deliveries.length} of ${count} deliveries came`);
    deliveries.push(...received);
  }
  return deliveries;
}

/** For members that a driver has although the contract calls them optional. */
export function present<Value>(value: Value | undefined, what = "value"): Value {
  if (value === undefined) throw new Error(`the ${what} is missing`);
  return value;
}

/** The values of results, all of which must be ok. */
export function valuesOf<Value>(results: readonly ItemResult<Value>[]): readonly Value[] {
  return results.map((result) => {
    if (!result.ok) throw result.error;
    return result.value;
  });
}

/** Returns the error that a promise rejects with. */
export async function rejection(work: Promise<unknown> | undefined): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("it should have rejected");
}

export async function adminOf(adapter: QueueAdapter): Promise<AdminDriver> {
  return present(await adapter.admin?.(), "administration");
}

/** The dead letters of an entity. */
export function deadLettersOf(adapter: QueueAdapter, { entity }: Target): Target {
  return adapter.resolve({ kind: "dead-letter", name: entity, exact: true, features: [] });
}

/** Dead-letters the next `count` messages. */
export async function bury(adapter: QueueAdapter, target: Target, count: number): Promise<void> {
  const consumer = adapter.openConsumer(
    target,
    consumerOptions({ flow: { maxOutstanding: count, lanes: count } }),
  );
  await consumer.open?.(never);
  const items = (await receive(consumer, count)).map(({ handle }) => ({
    handle,
    reason: "bad",
    attributes: {},
  }));
  valuesOf(present(await consumer.deadLetterBatch?.(items, never)));
  await consumer.close();
}

/** The plain SDK, with short waits and no retries. */
export function rawClient(endpoint: string, timeoutInMs = 5_000): ServiceBusClient {
  const retryOptions = { maxRetries: 0, timeoutInMs, retryDelayInMs: 100 };
  return new ServiceBusClient(connectionString(endpoint), { retryOptions });
}

export function rawAdministration(endpoint: string): ServiceBusAdministrationClient {
  return usePlainHttp(new ServiceBusAdministrationClient(connectionString(endpoint)));
}

/** Resolves when the condition holds, however long that takes on this machine. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
