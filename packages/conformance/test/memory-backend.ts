import type { ConnectionUrl, EntityRef, Provider, QueueAdapter } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { memory } from "@anyqueue/memory";
import type { Backend, Harness, QueueRequest } from "../src/harness.ts";

const URL: ConnectionUrl = { scheme: "memory", authority: "", path: "", parameters: {}, text: "memory:" };

/** The queue in memory, with a wrapped adapter. */
export function memoryHarness(
  name: string,
  wrap: (adapter: QueueAdapter) => QueueAdapter = (adapter) => adapter,
): Harness {
  return { name, open: async () => await openBackend(wrap) };
}

async function openBackend(wrap: (adapter: QueueAdapter) => QueueAdapter): Promise<Backend> {
  const clock = createVirtualClock();
  const sound = memory({ clock, create: "explicit" });
  const provider: Provider = { ...sound, connect: (url, context) => wrap(sound.connect(url, context)) };
  const adapter = sound.connect(URL, { clock });
  return {
    url: "memory:",
    provider: () => provider,
    time: { kind: "virtual", clock, advance: (ms) => clock.advance(ms) },
    leaseMs: 1_000,
    toleranceMs: 0,
    features: [],
    createQueue: (request) => createQueue(adapter, request),
    absent: {
      foreign: "there is no other SDK for a queue inside this process",
      denied: "a queue inside this process has no credentials",
    },
    close: () => adapter.close(),
  };
}

async function createQueue(
  adapter: QueueAdapter,
  request: QueueRequest,
): Promise<{ readonly entity: string }> {
  const ref: EntityRef = { kind: "queue", name: request.name, exact: true, features: [] };
  const target = adapter.resolve(ref);
  const admin = await adapter.admin?.();
  const { maxDeliveries } = request;
  await admin?.create(
    target,
    maxDeliveries === undefined ? {} : { maxDeliveries },
    new AbortController().signal,
  );
  return { entity: target.entity };
}
