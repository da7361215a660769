import { createClient, defineQueue, defineTopic } from "@anyqueue/core";
import type { EntityRef, QueueAdapter, Target } from "@anyqueue/core/adapter";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { serviceBus, type ServiceBusOptions } from "../src/index.ts";
import { REQUEST_TIMEOUT_MS } from "../src/service-bus-limits.ts";
import {
  consumerOptions,
  never,
  openAdapter,
  outgoing,
  queueOf,
  rawAdministration,
  receive,
  rejection,
  sessionQueueOf,
  valuesOf,
} from "./open-adapter.ts";
import { connectionString } from "./service-bus-harness.ts";

let emulator: Emulator;
let strict: Emulator;
let endpoint: string;
let adapter: QueueAdapter;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  [emulator, strict] = await Promise.all([
    startEmulator({ serviceBusPort: 0 }),
    startEmulator({ serviceBusPort: 0, strictTokens: true }),
  ]);
  endpoint = emulator.endpoints.serviceBus ?? "";
  adapter = openAdapter(endpoint);
  const admin = rawAdministration(endpoint);
  await admin.createQueue("plain");
  await admin.createQueue("keyed", { requiresSession: true });
  await admin.createTopic("events");
  await admin.createSubscription("events", "audit");
});

afterEach(async () => {
  emulator.faults.clear();
  for (const each of open.splice(0)) await each.close();
});

afterAll(async () => {
  await adapter.close();
  await Promise.all([emulator.close(), strict.close()]);
});

/** Returns the code of the error that a consumer's opening or first ask ends with, before any timeout. */
async function consumerCode(target: Target, by: QueueAdapter = adapter): Promise<string> {
  const startedAt = performance.now();
  const error = await rejection(
    (async () => {
      const consumer = by.openConsumer(target, consumerOptions());
      open.push(consumer);
      await consumer.open?.(never);
      await consumer.receiveBatch({ maxItems: 1, waitMs: 4_000 }, never);
      throw new Error("nothing was wrong");
    })(),
  );
  expect(performance.now() - startedAt).toBeLessThan(REQUEST_TIMEOUT_MS);
  return by.classify(error, "open").code;
}

async function producerCode(target: Target, by: QueueAdapter = adapter): Promise<string> {
  const opened = (async () => {
    const producer = by.openProducer(target);
    open.push(producer);
    await producer.open?.(never);
  })();
  return by.classify(await rejection(opened), "open").code;
}

describe("the wrong entity", () => {
  test.each(["missing", "events/Subscriptions/missing"])("%s is NOT_FOUND for a consumer", async (name) => {
    expect(await consumerCode(adapter.resolve({ kind: "queue", name, exact: true, features: [] }))).toBe(
      "NOT_FOUND",
    );
  });

  test("missing is NOT_FOUND for a producer", async () => {
    expect(await producerCode(queueOf(adapter, "missing"))).toBe("NOT_FOUND");
  });

  const features: readonly [] = [];
  const wrongKinds: readonly (readonly [string, EntityRef, string])[] = [
    ["a topic as a queue", { kind: "queue", name: "events", features }, "events is a topic"],
    ["the dead letters of a topic", { kind: "dead-letter", name: "events", features }, "events is a topic"],
    ["a queue as a topic", { kind: "topic", name: "plain", features }, "plain is a queue"],
    ["its subscription", { kind: "subscription", topic: "plain", name: "a", features }, "plain is a queue"],
  ];
  test.each(wrongKinds)("%s is INVALID_ARGUMENT, and nothing opens", async (_what, ref, text) => {
    const target = adapter.resolve(ref);
    const error = await rejection(adapter.probe?.(target, never));
    expect(adapter.classify(error, "probe").code).toBe("INVALID_ARGUMENT");
    expect(String(error)).toContain(text);
    expect(await consumerCode(target)).toBe("INVALID_ARGUMENT");
    expect(await producerCode(target)).toBe("INVALID_ARGUMENT");
  });

  test("a start and a verification say which kind an entity has", async () => {
    const url = `service-bus://emulator?endpoint=${endpoint}`;
    const client = createClient(url, [serviceBus()]);
    open.push({ close: async () => void (await client.close()) });
    const queue = defineQueue<string>("events", { deadLetter: "none" });
    expect(String(await rejection(client.verify(queue)))).toContain("events is a topic");
    expect(await rejection(client.consumer(queue).run(() => {}))).toMatchObject({ code: "INVALID_ARGUMENT" });
    const topic = defineTopic<string>("plain");
    expect(String(await rejection(client.verify(topic)))).toContain("plain is a queue");
  });

  test("a topic read as a queue is INVALID_ARGUMENT too without the right to look", async () => {
    const own = openAdapter(endpoint);
    open.push(own);
    expect(await consumerCode(queueOf(own, "events"), own)).toBe("INVALID_ARGUMENT");
  });

  test("an entity with sessions read without is refused as the caller's mistake", async () => {
    expect(await consumerCode(queueOf(adapter, "keyed"))).toBe("INVALID_ARGUMENT");
  });

  test("an entity without sessions read with them is refused as the caller's mistake", async () => {
    expect(await consumerCode(sessionQueueOf(adapter, "plain"))).toBe("INVALID_ARGUMENT");
  });

  test("what has sessions can be said where no definition does", async () => {
    const told = openAdapter(endpoint, { options: { sessionEntities: ["keyed"] } });
    open.push(told);
    const target = queueOf(told, "keyed");
    const producer = told.openProducer(target);
    open.push(producer);
    valuesOf(await producer.sendBatch([outgoing("one", { orderingKey: "k" })], never));
    const consumer = told.openConsumer(target, consumerOptions());
    open.push(consumer);
    await consumer.open?.(never);
    const [delivery] = await receive(consumer, 1);
    expect(delivery?.orderingKey).toBe("k");
    valuesOf(await consumer.ackBatch([delivery?.handle], never));
  });

  test("a probe corrects what a definition says", async () => {
    const probed = await adapter.probe?.(sessionQueueOf(adapter, "plain"), never);
    expect(probed?.capabilities).toMatchObject({ ordering: "none", lease: "timed", deduplication: "none" });
    const keyed = await adapter.probe?.(queueOf(adapter, "keyed"), never);
    expect(keyed?.capabilities).toMatchObject({ ordering: "by-key", lease: "shared", batchKey: "uniform" });
    expect(keyed?.facts).toMatchObject({ leaseMs: 60_000, maxDeliveries: 10 });
  });

  test("a disabled entity is UNAVAILABLE and not retried", async () => {
    const admin = rawAdministration(endpoint);
    const created = await admin.createQueue("closed");
    await admin.updateQueue({ ...created, status: "Disabled" });
    expect(await producerCode(queueOf(adapter, "closed"))).toBe("UNAVAILABLE");
    expect(await consumerCode(queueOf(adapter, "closed"))).toBe("UNAVAILABLE");
  });

  test("a queue that is deleted while it is consumed ends with NOT_FOUND; made again it can be consumed again", async () => {
    const admin = rawAdministration(endpoint);
    await admin.createQueue("fleeting");
    const consumer = adapter.openConsumer(queueOf(adapter, "fleeting"), consumerOptions());
    await consumer.open?.(never);
    await admin.deleteQueue("fleeting");
    const codes: string[] = [];
    while (!codes.includes("NOT_FOUND")) {
      const error = await rejection(consumer.receiveBatch({ maxItems: 1, waitMs: 4_000 }, never));
      codes.push(adapter.classify(error, "receive").code);
      if (codes.length > 5) throw new Error(codes.join(", "));
    }
    await consumer.close();
    await admin.createQueue("fleeting");
    const producer = adapter.openProducer(queueOf(adapter, "fleeting"));
    open.push(producer);
    valuesOf(await producer.sendBatch([outgoing("new")], never));
    const again = adapter.openConsumer(queueOf(adapter, "fleeting"), consumerOptions());
    open.push(again);
    await again.open?.(never);
    expect(await receive(again, 1)).toHaveLength(1);
  });
});

describe("the wrong credentials", () => {
  const at = (options: ServiceBusOptions): QueueAdapter => {
    const own = openAdapter(strict.endpoints.serviceBus ?? "", { options });
    open.push(own);
    return own;
  };

  test("a wrong key is UNAUTHENTICATED within five seconds", async () => {
    const own = at({ connectionString: connectionString("ignored", "wrong-key") });
    expect(await producerCode(queueOf(own, "plain"), own)).toBe("UNAUTHENTICATED");
    expect(await consumerCode(queueOf(own, "plain"), own)).toBe("UNAUTHENTICATED");
  });

  test("the right key opens what is there", async () => {
    const own = at({ connectionString: connectionString("ignored", "anyqueue") });
    expect(await producerCode(queueOf(own, "plain"), own)).toBe("NOT_FOUND");
  });

  test("a token that is refused is UNAUTHENTICATED, and its text shows no key", async () => {
    emulator.faults.add({
      protocol: "service-bus",
      operation: "putToken",
      action: {
        kind: "error",
        condition: "amqp:unauthorized-access",
        description: "ExpiredToken: The token is expired.",
      },
    });
    const own = openAdapter(endpoint, {
      options: { connectionString: connectionString("ignored", "SECRETKEY=") },
    });
    open.push(own);
    const producer = own.openProducer(queueOf(own, "plain"));
    open.push(producer);
    const error = await rejection(producer.open?.(never));
    expect(own.classify(error, "open").code).toBe("UNAUTHENTICATED");
    expect(String(error)).not.toContain("SECRETKEY");
    expect(await consumerCode(queueOf(own, "plain"), own)).toBe("UNAUTHENTICATED");
  });

  test("a right that is missing is ACCESS_DENIED", async () => {
    emulator.faults.add({
      protocol: "service-bus",
      operation: "attach",
      queue: "plain",
      action: { kind: "unauthorized" },
    });
    expect(await producerCode(queueOf(adapter, "plain"))).toBe("ACCESS_DENIED");
    expect(await consumerCode(queueOf(adapter, "plain"))).toBe("ACCESS_DENIED");
  });
});

describe("the wrong message", () => {
  test("one that is too large is refused with both numbers, its neighbours are sent", async () => {
    const producer = adapter.openProducer(queueOf(adapter, "plain"));
    open.push(producer);
    await producer.open?.(never);
    const messages = [
      outgoing("small"),
      outgoing("large", { body: new Uint8Array(300_000) }),
      outgoing("other", { body: new Uint8Array(200_000) }),
      outgoing("another", { body: new Uint8Array(200_000) }),
    ];
    const results = await producer.sendBatch(messages, never);
    expect(results.map(({ ok }) => ok)).toEqual([true, false, true, true]);
    const error = results[1]?.ok === false ? results[1].error : undefined;
    expect(error).toMatchObject({ code: "MESSAGE_TOO_LARGE", limitBytes: 262_144 });
  });

  test("headers of more than 64 KB are refused before they are sent", async () => {
    const producer = adapter.openProducer(queueOf(adapter, "plain"));
    open.push(producer);
    const attributes = Object.fromEntries(["a", "b", "c"].map((name) => [name, "x".repeat(30_000)]));
    const before = emulator.log.count("send");
    const [result] = await producer.sendBatch([outgoing("heavy", { attributes })], never);
    expect(result?.ok === false && result.error).toMatchObject({
      code: "MESSAGE_TOO_LARGE",
      limitBytes: 65_536,
    });
    expect(emulator.log.count("send")).toBe(before);
  });

  test("a session id of more than 128 characters is refused by the SDK as an argument", async () => {
    const target = sessionQueueOf(adapter, "keyed");
    expect(target.limits.orderingKey.maxLength).toBe(128);
    const producer = adapter.openProducer(target);
    open.push(producer);
    const [result] = await producer.sendBatch([outgoing("long", { orderingKey: "x".repeat(129) })], never);
    expect(result?.ok).toBe(false);
    expect(adapter.classify(result?.ok === false ? result.error : undefined, "send").code).toBe(
      "INVALID_ARGUMENT",
    );
  });

  test("5,000 small messages go in batches that the service takes", async () => {
    const producer = adapter.openProducer(queueOf(adapter, "plain"));
    open.push(producer);
    const before = emulator.log.count("send");
    const messages = Array.from({ length: 5_000 }, (_, index) =>
      outgoing(`m${index}`, { body: new Uint8Array(1) }),
    );
    const results = await producer.sendBatch(messages, never);
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(emulator.log.count("send") - before).toBeGreaterThan(1);
  });

  test("a cancel token that is none is refused", async () => {
    const own = openAdapter(endpoint, { options: { cancellable: true } });
    open.push(own);
    const producer = own.openProducer(queueOf(own, "plain"));
    open.push(producer);
    const beyond64Bits = String(2n ** 64n + 123_456n);
    const results = await producer.cancelBatch?.(["nonsense", beyond64Bits, "123456"], never);
    const codes = results?.map((result) => (result.ok ? "ok" : own.classify(result.error, "cancel").code));
    expect(codes).toEqual(["INVALID_ARGUMENT", "INVALID_ARGUMENT", "NOT_FOUND"]);
  });
});
