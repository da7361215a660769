import {
  createClient,
  defineQueue,
  type ConsumerOptions,
  type QueueClient,
  type QueueDefinition,
  type StandardSchemaV1,
} from "@anyqueue/core";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import type { PubSub } from "@google-cloud/pubsub";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pubsub } from "../src/index.ts";
import { rawClient } from "./raw-sdk.ts";
import { until } from "./scripted-server.ts";

// Without exactly-once delivery Pub/Sub accepts an acknowledgement or a renewal of an expired lease without
// an error. Only the next delivery of the message reveals it.

const LEASE_MS = 10_000;

interface Body {
  readonly id: string;
  readonly key: string;
}

/** Validates nothing: a queue holds only what the test itself has sent. */
const SCHEMA: StandardSchemaV1<Body, Body> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as Body }) },
};

const POLICY = {
  schema: SCHEMA,
  retry: { attempts: "unlimited" },
  deadLetter: "none",
  lease: `${LEASE_MS}ms`,
} as const;

const QUEUES: Readonly<Record<"plain" | "ordered", QueueDefinition<Body, Body>>> = {
  plain: defineQueue("orders", POLICY),
  ordered: defineQueue("orders", { ...POLICY, orderingKey: ({ key }: Body) => key }),
};

let emulator: Emulator;
let sdk: PubSub;
let client: QueueClient;
let closing: (() => Promise<void>) | undefined;

beforeAll(async () => {
  emulator = await startEmulator({ pubsubPort: 0 });
  sdk = rawClient(emulator.endpoints.pubsub ?? "");
});

beforeEach(() => {
  emulator.reset();
  client = createClient(`pubsub://p?endpoint=${emulator.endpoints.pubsub}`, [pubsub()]);
});

afterEach(async () => {
  await closing?.();
  closing = undefined;
});

afterAll(async () => {
  await sdk.close();
  await emulator.close();
});

/** A consumer whose handlers the test ends, each by the id of its message. */
async function consuming(kind: keyof typeof QUEUES, options: ConsumerOptions = {}) {
  const queue = QUEUES[kind];
  const [topic] = await sdk.createTopic("orders");
  await topic.createSubscription("orders", { enableMessageOrdering: kind === "ordered" });
  const begun: string[] = [];
  const aborted: string[] = [];
  const open = new Map<string, () => void>();
  const run = client.consumer(queue, options).run(async ({ body: { id } }, { signal }) => {
    begun.push(id);
    signal.addEventListener("abort", () => aborted.push(id));
    await new Promise<void>((resolve) => open.set(id, resolve));
  });
  closing = async () => {
    for (const end of open.values()) end();
    await client.close();
    await run;
  };
  const producer = client.producer(queue);
  const begins = async (id: string): Promise<void> => await until(() => open.has(id));
  return {
    begun,
    aborted,
    begins,
    send: async (id: string, key = "k") => void (await producer.send({ id, key })),
    end: (id: string) => open.get(id)?.(),
    /** Sends a message; when its handler begins, all that the stream brought before it has been read. */
    async passMarker(id = "marker") {
      await producer.send({ id, key: id });
      await begins(id);
      open.get(id)?.();
    },
    async drained() {
      await until(() => messages().length === 0);
    },
  };
}

function messages() {
  return emulator.pubsub.subscriptions().flatMap((subscription) => subscription.messages);
}

describe.each(["plain", "ordered"] as const)("on a subscription that is %s", (kind) => {
  test("a lease that runs out under a running handler costs no second run", async () => {
    const { begun, aborted, begins, send, end, passMarker, drained } = await consuming(kind);
    await send("m");
    await begins("m");
    await emulator.clock.advance(LEASE_MS + 1_000);
    await passMarker();
    expect(messages().find(({ deliveries }) => deliveries === 2)).toMatchObject({ state: "leased" });
    end("m");
    // The ack used the current lease.
    await drained();
    expect([begun, aborted]).toEqual([["m", "marker"], []]);
  });

  test("an ack that came too late for its lease is made once more, not the work", async () => {
    const { begun, begins, send, end, drained } = await consuming(kind);
    emulator.faults.add({ operation: "Acknowledge", count: 1, action: { kind: "expireLease" } });
    await send("m");
    await begins("m");
    end("m");
    await drained();
    expect(begun).toEqual(["m"]);
    expect(emulator.log.count("Acknowledge")).toBe(2);
  });
});

test("the order of a key holds when all of its leases run out at once", async () => {
  const { begun, begins, send, end, passMarker, drained } = await consuming("ordered", { prefetch: 5 });
  for (const id of ["1", "2", "3"]) await send(id);
  await begins("1");
  await emulator.clock.advance(LEASE_MS + 1_000);
  await passMarker();
  for (const id of ["1", "2", "3"]) {
    await begins(id);
    end(id);
  }
  await drained();
  expect(begun.filter((id) => id !== "marker")).toEqual(["1", "2", "3"]);
});
