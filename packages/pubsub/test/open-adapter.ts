import {
  systemClock,
  type Clock,
  type ConsumerDriverOptions,
  type OutgoingMessage,
  type QueueAdapter,
  type Target,
} from "@anyqueue/core/adapter";
import { pubsub, type PubsubOptions } from "../src/pubsub-provider.ts";

export function openAdapter(
  endpoint: string | undefined,
  {
    options = {},
    parameters = {},
    clock = systemClock,
    project = "p",
  }: {
    options?: PubsubOptions;
    parameters?: Record<string, string>;
    clock?: Clock;
    project?: string;
  } = {},
): QueueAdapter {
  const query = endpoint === undefined ? parameters : { endpoint, ...parameters };
  const url = {
    scheme: "pubsub",
    authority: project,
    path: "",
    parameters: query,
    text: `pubsub://${project}`,
  };
  return pubsub(options).connect(url, { clock });
}

export function queue(adapter: QueueAdapter, name = "orders"): Target {
  return adapter.resolve({ kind: "queue", name, features: [] });
}

export function outgoing(id: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const body = new TextEncoder().encode(`body of ${id}`);
  return { id, body, contentType: "text/plain", attributes: {}, ...more };
}

/** Consumer options that record the reported faults. */
export function consumerOptions(
  more: Partial<ConsumerDriverOptions<unknown>> = {},
): ConsumerDriverOptions<unknown> & { readonly faults: unknown[] } {
  const faults: unknown[] = [];
  return {
    mode: "stream",
    leaseMs: 30_000,
    flow: { maxOutstanding: 10, lanes: 10 },
    events: { leasesLost: () => {}, fault: (error) => void faults.push(error) },
    ...more,
    faults,
  };
}

export const never: AbortSignal = new AbortController().signal;

/** Returns what a driver does have, although it is optional in the contract. */
export function present<Value>(value: Value | undefined, what = "value"): Value {
  if (value === undefined) throw new Error(`the ${what} is missing`);
  return value;
}

/** Returns what a promise rejects with. */
export async function rejection(work: Promise<unknown> | undefined): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("it should have rejected");
}
