import { systemClock, type OutgoingMessage } from "@anyqueue/core/adapter";
import { startEmulator } from "@anyqueue/emulator";
import type { ServiceBusClient, ServiceBusMessageBatch, ServiceBusSender } from "@azure/service-bus";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { encodeBatch } from "../src/encode-batch.ts";
import { field } from "../src/field.ts";
import { longLived } from "../src/long-life.ts";
import { takesReadyBatches } from "../src/ready-batch.ts";
import {
  dueAt,
  encodeMessage,
  sizeOfMessage,
  type EncodedMessage,
  type WireForm,
} from "../src/service-bus-wire.ts";
import { never, openAdapter, outgoing, queueOf, rawClient, valuesOf } from "./open-adapter.ts";
import { seededRandom } from "@anyqueue/core/testing";

const FORM: WireForm = { isOrdered: false, isDeduplicated: false, isDeadLetter: false, clock: systemClock };
const NOW_MS = Date.UTC(2026, 10, 29, 12);
const FREE = Number.POSITIVE_INFINITY;

let emulator: Awaited<ReturnType<typeof startEmulator>>;
let client: ServiceBusClient;
let sender: ServiceBusSender;

beforeAll(async () => {
  const UserConfig = { Namespaces: [{ Queues: [{ Name: "orders" }, { Name: "others" }] }] };
  emulator = await startEmulator({ serviceBusPort: 0, serviceBusConfig: { UserConfig } });
  client = rawClient(emulator.endpoints.serviceBus ?? "");
  sender = client.createSender("orders");
});

afterAll(async () => {
  await client.close();
  await emulator.close();
});

/** Makes the SDK's own batch of the same messages. */
async function sdkBatch(messages: readonly EncodedMessage[]): Promise<ServiceBusMessageBatch> {
  const batch = await sender.createMessageBatch();
  for (const message of messages) expect(batch.tryAddMessage(longLived(message))).toBe(true);
  return batch;
}

function bytesOf(batch: ServiceBusMessageBatch): Buffer {
  const generate = field(batch, "_generateMessage");
  if (typeof generate !== "function") throw new Error("the SDK's batch has no bytes");
  return generate.call(batch) as Buffer;
}

/** Makes texts with lengths around the limits of AMQP's short forms, and with characters of every length. */
function textAt(random: () => number): string {
  const alphabet = ["a", "Z", "-", "é", "世", "🚀"];
  const lengths = [0, 1, 7, 39, 40, 41, 84, 85, 127, 128, 254, 255, 256, 300];
  const length = lengths[Math.floor(random() * lengths.length)] ?? 0;
  const letter = alphabet[Math.floor(random() * alphabet.length)] ?? "a";
  return letter.repeat(length);
}

function messageAt(random: () => number): EncodedMessage {
  const maybe = <Value>(value: Value): Value | undefined => (random() < 0.5 ? value : undefined);
  const attributes = Object.fromEntries(
    Array.from({ length: Math.floor(random() * 4) }, (_, at) => [`${at}${textAt(random)}`, textAt(random)]),
  );
  const message: OutgoingMessage = {
    id: `m${textAt(random)}`.slice(0, 128),
    body: Buffer.from(textAt(random)),
    contentType: textAt(random).replaceAll(/[^a-zA-Z-]/gu, "x"),
    attributes,
    ...optional("orderingKey", maybe(textAt(random).slice(0, 128))),
    ...optional("ttlMs", maybe(Math.ceil(random() * 10 ** (1 + random() * 11)))),
    ...optional("subject", maybe(textAt(random))),
    ...optional("replyTo", maybe(textAt(random))),
    ...optional("correlationId", maybe(textAt(random))),
    ...optional("deliverAtMs", maybe(NOW_MS + 86_400_000)),
  };
  const encoded = encodeMessage(message, FORM);
  const due = dueAt(message, FORM);
  if (due !== undefined) encoded.scheduledEnqueueTimeUtc = due;
  const inBatch = encodeBatch([encoded, encoded], FREE, NOW_MS).bytes.length;
  const { bytes } = sizeOfMessage(message, encoded);
  expect(bytes).toBeGreaterThanOrEqual(inBatch - encodeBatch([encoded], FREE, NOW_MS).bytes.length);
  return encoded;
}

function optional<Value>(name: string, value: Value | undefined): Record<string, Value> {
  return value === undefined ? {} : { [name]: value };
}

describe("a batch", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: NOW_MS });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test("has the bytes that the SDK would write, whatever the messages are", async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const random = seededRandom(seed);
      const messages = Array.from({ length: 1 + Math.floor(random() * 5) }, () => messageAt(random));
      const { bytes, count } = encodeBatch(messages, FREE, NOW_MS);
      expect(count).toBe(messages.length);
      expect(bytes.equals(bytesOf(await sdkBatch(messages))), `seed ${seed}`).toBe(true);
    }
  });

  test("ends before its limit, at the message where the SDK's ends", async () => {
    const random = seededRandom(7);
    const messages = Array.from({ length: 40 }, () => messageAt(random));
    for (const maxSizeInBytes of [2_000, 5_000, 9_999]) {
      const batch = await sender.createMessageBatch({ maxSizeInBytes });
      const fitting = messages.findIndex((message) => !batch.tryAddMessage(longLived(message)));
      const { bytes, count } = encodeBatch(messages, maxSizeInBytes, NOW_MS);
      expect(count).toBe(fitting);
      expect(bytes.length).toBeLessThanOrEqual(maxSizeInBytes);
    }
  });
});

test("the SDK's sender takes a batch that is encoded already", async () => {
  expect(takesReadyBatches(await sender.createMessageBatch())).toBe(true);
  expect(takesReadyBatches(publicViewOf(await sender.createMessageBatch()))).toBe(false);
});

test("where it would not, the SDK encodes the batch itself", async () => {
  const batches = new Map<unknown, ServiceBusMessageBatch>();
  let sent = 0;
  const foreign = new Proxy(client, {
    get: (target, name) =>
      name === "createSender"
        ? () => ({
            createMessageBatch: async (): Promise<ServiceBusMessageBatch> => {
              const own = await sender.createMessageBatch();
              const view = publicViewOf(own);
              batches.set(view, own);
              return view;
            },
            sendMessages: async (view: unknown): Promise<void> => {
              const own = batches.get(view);
              if (own === undefined) throw new Error("this is no batch of the SDK");
              sent += own.count;
              await sender.sendMessages(own);
            },
            close: async () => {},
          })
        : (Reflect.get(target, name, target) as unknown),
  });
  const adapter = openAdapter(emulator.endpoints.serviceBus ?? "", { options: { client: foreign } });
  const producer = adapter.openProducer(queueOf(adapter));
  valuesOf(await producer.sendBatch([outgoing("1"), outgoing("2"), outgoing("3")], never));
  expect(sent).toBe(3);
  await producer.close();
  await adapter.close();
});

test("of a request that goes out in several batches, each message has the answer of its own", async () => {
  const adapter = openAdapter(emulator.endpoints.serviceBus ?? "");
  const producer = adapter.openProducer(queueOf(adapter, "others"));
  await producer.open?.(never);
  // The headers of a batch repeat those of its first message, so eight of these messages need two batches.
  const attributes = { large: "x".repeat(32_500) };
  const messages = Array.from({ length: 8 }, (_, index) => outgoing(`${index}`, { attributes }));
  emulator.faults.add({
    protocol: "service-bus",
    operation: "send",
    queue: "others",
    skip: 1,
    count: 1,
    action: { kind: "throttle" },
  });
  const results = await producer.sendBatch(messages, never);
  const stored = emulator.serviceBus.entities().find(({ path }) => path === "others")?.messages ?? [];
  expect(stored.length).toBeGreaterThan(0);
  expect(stored.length).toBeLessThan(8);
  expect(results.filter(({ ok }) => ok)).toHaveLength(stored.length);
  expect(results.map(({ ok }) => ok)).toEqual(messages.map((_, index) => index < stored.length));
  await producer.close();
  await adapter.close();
});

/** The members of a batch that the SDK's types declare. */
function publicViewOf(own: ServiceBusMessageBatch): ServiceBusMessageBatch {
  return {
    get maxSizeInBytes() {
      return own.maxSizeInBytes;
    },
    get sizeInBytes() {
      return own.sizeInBytes;
    },
    get count() {
      return own.count;
    },
    tryAddMessage: (message, options) => own.tryAddMessage(message, options),
  };
}
