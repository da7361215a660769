import { createClient, defineQueue, unchecked, type QueueClient } from "@anyqueue/core";
import { spawnEmulator, type SpawnedEmulator } from "@anyqueue/emulator";
import { v1 } from "@google-cloud/pubsub";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pubsub } from "../src/index.ts";
import { rejection } from "./open-adapter.ts";
import { rawClient } from "./raw-sdk.ts";

const NOTHING = { retry: { attempts: "unlimited" }, deadLetter: "none" } as const;

let emulator: SpawnedEmulator;
let publisher: v1.PublisherClient;
let client: QueueClient;
let names = 0;

beforeAll(async () => {
  emulator = await spawnEmulator({ pubsubPort: 0 });
  publisher = new v1.PublisherClient({
    ...(await rawClient(emulator.endpoints.pubsub ?? "").getClientConfig()),
  });
});

afterAll(async () => {
  await publisher.close();
  await emulator.close();
});

beforeEach(() => {
  names += 1;
  client = connect("p");
});

afterEach(async () => {
  await client.close();
});

function connect(project: string): QueueClient {
  return createClient(`pubsub://${project}?endpoint=${emulator.endpoints.pubsub ?? ""}`, [pubsub()]);
}

const fresh = (): string => `queue-${names}`;

/** Returns the error that a start ends with, and checks that it comes soon. */
async function startError(
  consumer: { run(handler: () => void): Promise<unknown> },
  withinMs = 10_000,
): Promise<unknown> {
  const startedAt = performance.now();
  const error = await rejection(consumer.run(() => {}));
  expect(performance.now() - startedAt).toBeLessThan(withinMs);
  return error;
}

describe("what is not there", () => {
  test("a topic: sending says so", async () => {
    const definition = defineQueue<object>(fresh(), NOTHING);
    expect(await rejection(client.producer(definition).send({}))).toMatchObject({
      code: "NOT_FOUND",
      providerCode: "NOT_FOUND",
      target: `pubsub://p/${fresh()}`,
      retryable: false,
    });
  });

  test("a subscription: the start says so, soon", async () => {
    const definition = defineQueue<object>(fresh(), NOTHING);
    expect(await startError(client.consumer(definition))).toMatchObject({ code: "NOT_FOUND" });
    expect(await rejection(client.consumer(definition).receive())).toMatchObject({ code: "NOT_FOUND" });
  });

  test("a project: as its topics and subscriptions", async () => {
    const definition = defineQueue<object>(fresh(), NOTHING);
    await client.admin.create(definition);
    const other = connect("other-project");
    expect(await rejection(other.producer(definition).send({}))).toMatchObject({ code: "NOT_FOUND" });
    expect(await startError(other.consumer(definition))).toMatchObject({ code: "NOT_FOUND" });
    await other.close();
  });

  test("a dead-letter topic: the start says what to create", async () => {
    await client.admin.create(defineQueue<object>(fresh(), NOTHING));
    const wanting = defineQueue<object>(fresh(), { retry: { attempts: "unlimited" } });
    expect(await startError(client.consumer(wanting))).toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("client.admin.create"),
    });
  });

  test("a subscription that is deleted under its consumer ends the run", async () => {
    const definition = defineQueue<object>(fresh(), NOTHING);
    await client.admin.create(definition);
    const consumer = client.consumer(definition);
    const run = rejection(consumer.run(() => {}));
    await expect.poll(() => consumer.health().ready).toBe(true);
    await client.admin.delete(definition);
    expect(await run).toMatchObject({ code: "NOT_FOUND" });
  });

  test("a detached subscription cannot be consumed, and the error says that", async () => {
    const definition = defineQueue<object>(fresh(), NOTHING);
    await client.admin.create(definition);
    await publisher.detachSubscription({ subscription: `projects/p/subscriptions/${fresh()}` });
    expect(await startError(client.consumer(definition))).toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringMatching(/detached/i),
      retryable: false,
    });
  });
});

describe("what the subscription cannot do", () => {
  test("order: refused when the consumer starts", async () => {
    await client.admin.create(defineQueue<object>(fresh(), NOTHING));
    const wanting = defineQueue(fresh(), { schema: unchecked(), ...NOTHING, needs: ["ordering"] });
    expect(await startError(client.consumer(wanting))).toMatchObject({
      code: "UNSUPPORTED",
      feature: "ordering",
    });
  });

  test("attempts without a dead-letter policy: refused when the consumer starts", async () => {
    await client.admin.create(defineQueue<object>(fresh(), NOTHING));
    const counting = defineQueue<object>(fresh(), { retry: { attempts: 3 }, deadLetter: "none" });
    expect(await startError(client.consumer(counting))).toMatchObject({
      code: "UNSUPPORTED",
      feature: "attempts",
    });
  });

  test("deduplication, delay and time to live: refused when the producer is made", () => {
    for (const feature of ["deduplication", "delay", "ttl"] as const) {
      const definition = defineQueue(fresh(), { schema: unchecked(), needs: [feature] });
      expect(() => client.producer(definition)).toThrow(/UNSUPPORTED/);
    }
  });
});

describe("what a message cannot be", () => {
  const send = async (options: object): Promise<unknown> =>
    await rejection(client.producer(defineQueue<object>(fresh(), NOTHING)).send({}, options));

  test.each([
    ["a value over 1,024 bytes", { tenant: "é".repeat(513) }],
    ["a name over 256 bytes", { ["n".repeat(257)]: "x" }],
    ["a name of Google's", { googclient_x: "x" }],
    ["an empty name", { "": "x" }],
    [
      "more attributes than there is room for",
      Object.fromEntries(Array.from({ length: 86 }, (_, n) => [`a${n}`, "x"])),
    ],
    ["a lone surrogate", { tenant: "\ud800" }],
  ])("%s: refused before any request", async (_, attributes) => {
    // The topic does not exist, so a request would end with NOT_FOUND.
    expect(await send({ attributes })).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("an ordering key over its bytes", async () => {
    const keyed = defineQueue(fresh(), {
      schema: unchecked(),
      orderingKey: () => "k".repeat(342),
      needs: ["ordering"],
    });
    expect(await rejection(client.producer(keyed).send({}))).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("a correlation id over 1,024 bytes, which travels as an attribute", async () => {
    const definition = defineQueue<object>(fresh(), NOTHING);
    await client.admin.create(definition);
    const error = await rejection(client.producer(definition).send({}, { correlationId: "x".repeat(1_100) }));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", retryable: false });
  });

  test("ten megabytes: refused with its size and the limit", async () => {
    const large = defineQueue<string>(fresh(), NOTHING);
    expect(await rejection(client.producer(large).send("x".repeat(10_000_000)))).toMatchObject({
      code: "MESSAGE_TOO_LARGE",
      limitBytes: 9_999_488,
      sizeBytes: expect.any(Number),
    });
  });

  test("nothing at all is a message: empty bodies travel, because our id travels with them", async () => {
    const codec = {
      contentType: "application/octet-stream",
      encode: (body: Uint8Array) => body,
      decode: (bytes: Uint8Array) => bytes,
    };
    const empty = defineQueue<Uint8Array>(fresh(), { ...NOTHING, codec });
    await client.admin.create(empty);
    await client.producer(empty).send(new Uint8Array(0));
    const [message] = await client.consumer(empty).receive({ wait: "10s" });
    expect(message?.body).toHaveLength(0);
    await message?.ack();
  });
});
