import type { Backend, CreatedQueue, Harness, QueueRequest } from "@anyqueue/conformance";
import type { ConnectionUrl, QueueAdapter } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { memory } from "../src/index.ts";

const CONNECTION: ConnectionUrl = {
  scheme: "memory",
  authority: "",
  path: "",
  parameters: {},
  text: "memory:",
};

/** Queues in this process, on a clock that the suite moves. A seed gives an order no case can rely on. */
export function memoryHarness(seed?: number): Harness {
  return {
    name: seed === undefined ? "memory" : `memory-seed-${seed}`,
    open: () => Promise.resolve(openBackend(seed)),
  };
}

function openBackend(seed: number | undefined): Backend {
  const clock = createVirtualClock();
  const provider = memory({ clock, create: "explicit", seed });
  const adapter = provider.connect(CONNECTION, { clock });
  return {
    url: "memory:",
    provider: () => provider,
    time: { kind: "virtual", clock, advance: (ms) => clock.advance(ms) },
    leaseMs: 1_000,
    toleranceMs: 0,
    features: [],
    createQueue: (request) => createQueue(adapter, request),
    absent: {
      foreign: "nobody else's SDK can reach a queue inside this process",
      denied: "a queue inside this process has no credentials",
    },
    close: () => adapter.close(),
  };
}

async function createQueue(adapter: QueueAdapter, request: QueueRequest): Promise<CreatedQueue> {
  const target = adapter.resolve({ kind: "queue", name: request.name, exact: true, features: [] });
  const admin = await adapter.admin?.();
  const { maxDeliveries } = request;
  const settings = maxDeliveries === undefined ? {} : { maxDeliveries };
  await admin?.create(target, settings, new AbortController().signal);
  return { entity: target.entity };
}
