import {
  type AdminDriver,
  type EntityFacts,
  systemClock,
  type Clock,
  type ConsumerDriverOptions,
  type OutgoingMessage,
  type QueueAdapter,
  type Target,
} from "@anyqueue/core/adapter";
import { sqs, type SqsOptions } from "../src/sqs-provider.ts";

/** Credentials that every test server accepts. */
export const ANY_CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test" };

export function openAdapter(
  endpoint: string | undefined,
  {
    options = {},
    parameters = {},
    clock = systemClock,
  }: { options?: SqsOptions; parameters?: Record<string, string>; clock?: Clock } = {},
): QueueAdapter {
  const query = endpoint === undefined ? parameters : { endpoint, ...parameters };
  const url = { scheme: "sqs", authority: "eu-west-1", path: "", parameters: query, text: "sqs://eu-west-1" };
  const given = options.client === undefined ? { credentials: ANY_CREDENTIALS, ...options } : options;
  return sqs(given).connect(url, { clock });
}

export function standard(adapter: QueueAdapter, name = "orders"): Target {
  return adapter.resolve({ kind: "queue", name, features: [] });
}

export function fifo(adapter: QueueAdapter, name = "orders"): Target {
  return adapter.resolve({ kind: "queue", name, features: ["ordering"] });
}

/** Resolves an entity by its exact name, URL or ARN. */
export function exact(adapter: QueueAdapter, name: string): Target {
  return adapter.resolve({ kind: "queue", name, exact: true, features: [] });
}

export function outgoing(id: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const body = new TextEncoder().encode(`body of ${id}`);
  return { id, body, contentType: "text/plain", attributes: {}, deduplicationId: `d-${id}`, ...more };
}

/** Makes consumer options that remember the reported faults. */
export function consumerOptions(
  leaseMs = 30_000,
): ConsumerDriverOptions<unknown> & { readonly faults: unknown[] } {
  const faults: unknown[] = [];
  return {
    mode: "stream",
    leaseMs,
    flow: { maxOutstanding: 10, lanes: 10 },
    events: { leasesLost: () => {}, fault: (error) => void faults.push(error) },
    faults,
  };
}

export const never: AbortSignal = new AbortController().signal;

/** Unwraps what the contract calls optional but the driver has. */
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

export async function adminOf(adapter: QueueAdapter): Promise<AdminDriver> {
  return present(await adapter.admin?.(), "administration");
}

export async function factsOf(adapter: QueueAdapter, target: Target): Promise<EntityFacts> {
  return present(await adapter.probe?.(target, never), "probe").facts;
}
