import { systemClock, type OutgoingMessage } from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { describe, expect, test } from "vitest";
import {
  decodeMessage,
  dueAt,
  encodeMessage,
  sequenceNumberOf,
  sizeOfMessage,
  type WireForm,
} from "./service-bus-wire.ts";

const PLAIN: WireForm = { isOrdered: false, isDeduplicated: false, isDeadLetter: false, clock: systemClock };
const ORDERED: WireForm = { ...PLAIN, isOrdered: true };
const DEDUPLICATED: WireForm = { ...PLAIN, isDeduplicated: true };
const DEAD: WireForm = { ...PLAIN, isDeadLetter: true };
const encoder = new TextEncoder();

function outgoing(more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return {
    id: "o-1",
    body: encoder.encode('{"total":42}'),
    contentType: "application/json",
    attributes: {},
    ...more,
  };
}

/** Makes a message as the SDK hands it over on receipt. */
function received(
  more: Partial<Record<keyof ServiceBusReceivedMessage, unknown>> = {},
): ServiceBusReceivedMessage {
  const message = {
    body: Buffer.from("hello"),
    messageId: "m-1",
    sequenceNumber: { toString: () => "9007199254740993" },
    deliveryCount: 0,
    state: "active",
    ...more,
  };
  return message as unknown as ServiceBusReceivedMessage;
}

/** Encodes a message and decodes it again, as if it were received. */
function roundTrip(message: OutgoingMessage, form: WireForm): ReturnType<typeof decodeMessage> {
  return decodeMessage(received({ ...encodeMessage(message, form) }), undefined, form);
}

describe("an outgoing message", () => {
  test("is bytes whatever its content: the SDK would quote a text", () => {
    const { body } = encodeMessage(outgoing(), PLAIN);
    expect(Buffer.isBuffer(body)).toBe(true);
    expect(String(body)).toBe('{"total":42}');
  });

  test("always has a message id, because the SDK sends none by itself", () => {
    expect(encodeMessage(outgoing(), PLAIN).messageId).toBe("o-1");
    const long = encodeMessage(outgoing({ id: "x".repeat(129) }), PLAIN);
    expect(long.messageId).toMatch(/^[0-9a-f-]{36}$/);
    expect(long.applicationProperties["aq-id"]).toBe("x".repeat(129));
  });

  test("is known by its deduplication id where the entity looks for duplicates", () => {
    const encoded = encodeMessage(outgoing({ deduplicationId: "once" }), DEDUPLICATED);
    expect(encoded).toMatchObject({ messageId: "once", applicationProperties: { "aq-id": "o-1" } });
    expect(encodeMessage(outgoing({ deduplicationId: "once" }), PLAIN).messageId).toBe("o-1");
  });

  test("uses the service's own fields", () => {
    const message = outgoing({
      orderingKey: "c-7",
      correlationId: "c",
      replyTo: "r",
      subject: "s",
      ttlMs: 1_500.2,
    });
    expect(encodeMessage(message, ORDERED)).toMatchObject({
      sessionId: "c-7",
      correlationId: "c",
      replyTo: "r",
      subject: "s",
      contentType: "application/json",
      timeToLive: 1_501,
    });
  });

  test("without a key has a session of its own on an entity with sessions, and none elsewhere", () => {
    const [one, two] = [encodeMessage(outgoing(), ORDERED), encodeMessage(outgoing(), ORDERED)];
    expect(one.sessionId).toBeDefined();
    expect(one.sessionId).not.toBe(two.sessionId);
    expect(decodeMessage(received({ ...one }), undefined, ORDERED).orderingKey).toBeUndefined();
    expect(encodeMessage(outgoing(), PLAIN).sessionId).toBeUndefined();
  });

  test("is due in the machine's time, whatever clock the client runs on", () => {
    const shifted = { ...systemClock, wallNow: () => systemClock.wallNow() + 3_600_000 };
    const due = dueAt(outgoing({ deliverAtMs: shifted.wallNow() + 60_000 }), { ...PLAIN, clock: shifted });
    expect(Math.abs((due?.getTime() ?? 0) - (systemClock.wallNow() + 60_000))).toBeLessThan(60_000);
    expect(dueAt(outgoing({ deliverAtMs: systemClock.wallNow() - 1 }), PLAIN)).toBeUndefined();
  });
});

describe("the size of a message", () => {
  test.each([0, 1, 255, 256, 100_000])(
    "counts a body of %i bytes, and more than it for what is around it",
    (bytes) => {
      const message = outgoing({ body: new Uint8Array(bytes), attributes: { tenant: "acme" } });
      const size = sizeOfMessage(message, encodeMessage(message, PLAIN));
      expect(size.bytes).toBeGreaterThan(bytes);
      expect(size.bytes - bytes).toBe(size.headerBytes);
      expect(size.headerBytes).toBeLessThan(400);
    },
  );

  test("counts names and values in UTF-8", () => {
    const message = outgoing({ attributes: { ключ: "значение" } });
    const plain = outgoing({ attributes: { kljuch: "znachenie" } });
    const sizeOf = (each: OutgoingMessage): number => sizeOfMessage(each, encodeMessage(each, PLAIN)).bytes;
    expect(sizeOf(message) - sizeOf(plain)).toBe(
      Buffer.byteLength("ключзначение") - "kljuchznachenie".length,
    );
  });
});

describe("a round trip", () => {
  test("keeps id, body, attributes and headers", () => {
    const message = outgoing({
      attributes: { tenant: "acme", empty: "", "aq-due": "1" },
      orderingKey: "k",
      correlationId: "c",
      replyTo: "r",
      subject: "s",
    });
    const delivery = roundTrip(message, ORDERED);
    expect(delivery).toMatchObject({
      id: "o-1",
      orderingKey: "k",
      correlationId: "c",
      replyTo: "r",
      subject: "s",
    });
    expect({ ...delivery.attributes }).toEqual(message.attributes);
    expect(Buffer.from(delivery.body).equals(message.body)).toBe(true);
    // Absent is not empty: other providers keep the difference, too.
    expect(roundTrip(outgoing({ correlationId: "" }), PLAIN).correlationId).toBe("");
  });

  test("keeps an attribute that a plain object would lose", () => {
    const attributes = Object.fromEntries([
      ["a", "1"],
      ["__proto__", "kept"],
    ]);
    const delivery = roundTrip(outgoing({ attributes }), PLAIN);
    expect(Object.entries(delivery.attributes)).toEqual([
      ["a", "1"],
      ["__proto__", "kept"],
    ]);
  });

  test("keeps an id beside a deduplication id", () => {
    const delivery = roundTrip(outgoing({ deduplicationId: "once" }), DEDUPLICATED);
    expect(delivery).toMatchObject({ id: "o-1", deduplicationId: "once" });
  });
});

describe("somebody else's message", () => {
  test("keeps a property that an assignment would lose: a Functions host brings them as JSON", () => {
    const applicationProperties = JSON.parse('{"__proto__":7,"a":"1"}') as Record<string, number | string>;
    const { attributes, attributeTypes } = decodeMessage(received({ applicationProperties }), {}, PLAIN);
    expect(JSON.stringify([attributes, attributeTypes])).toBe(
      '[{"__proto__":"7","a":"1"},{"__proto__":"number"}]',
    );
  });

  test.each([
    ["a text value", "grüße", "text/plain", "grüße"],
    ["a number value", 42, "application/json", "42"],
    ["a boolean value", true, "application/json", "true"],
    ["a null value", null, "application/json", "null"],
    ["a map value", { a: 1 }, "application/json", '{"a":1}'],
    ["a sequence", [1, "two"], "application/json", '[1,"two"]'],
    ["bytes in a map", { a: Buffer.from("x") }, "application/json", '{"a":"eA=="}'],
  ])("with %s as its body is delivered", (_what, body, contentType, text) => {
    const delivery = decodeMessage(received({ body }), undefined, PLAIN);
    expect(Buffer.from(delivery.body).toString()).toBe(text);
    expect(delivery.contentType).toBe(contentType);
  });

  test("with several data sections is delivered as one body", () => {
    const body = [Buffer.from("a"), Buffer.from("b")];
    expect(Buffer.from(decodeMessage(received({ body }), undefined, PLAIN).body).toString()).toBe("ab");
  });

  test("is read whatever is in it: one that is not would take all that came with it along", () => {
    const applicationProperties = { "aq-x": "not ours", late: new Date(Number.NaN), list: ["x"] };
    const message = received({ applicationProperties, messageId: Buffer.from([1, 2]) });
    expect(decodeMessage(message, undefined, PLAIN)).toMatchObject({
      id: "0102",
      attributes: { "aq-x": "not ours", late: "Invalid Date", list: '["x"]' },
      attributeTypes: { late: "timestamp", list: "object" },
    });
    const empty = received({ applicationProperties: { "aq-x": '["' } });
    expect(decodeMessage(empty, undefined, PLAIN).attributes).toEqual({ "aq-x": '["' });
  });

  test("keeps bytes as they are, also those that look like JSON", () => {
    expect(
      Buffer.from(decodeMessage(received({ body: Buffer.from("123") }), undefined, PLAIN).body).toString(),
    ).toBe("123");
  });

  test("shows properties of every type as text, and names the type", () => {
    const applicationProperties = {
      text: "a",
      count: 42,
      flag: false,
      at: new Date(0),
      nothing: null,
      bytes: Buffer.from([1, 2]),
    };
    const { attributes, attributeTypes } = decodeMessage(
      received({ applicationProperties }),
      undefined,
      PLAIN,
    );
    expect(attributes).toEqual({
      text: "a",
      count: "42",
      flag: "false",
      at: "1970-01-01T00:00:00.000Z",
      nothing: "",
      bytes: "AQI=",
    });
    expect(attributeTypes).toEqual({
      count: "number",
      flag: "boolean",
      at: "timestamp",
      nothing: "null",
      bytes: "binary",
    });
  });

  test.each([
    ["no id", undefined, "9007199254740993"],
    ["a number", 17, "17"],
    [
      "a UUID",
      Buffer.from("00112233445566778899aabbccddeeff", "hex"),
      "00112233-4455-6677-8899-aabbccddeeff",
    ],
    ["other bytes", Buffer.from([255]), "ff"],
  ])("with %s as message id has an id all the same", (_what, messageId, id) => {
    expect(decodeMessage(received({ messageId }), undefined, PLAIN).id).toBe(id);
  });
});

describe("a delivery", () => {
  test.each([
    [0, 1],
    [4, 5],
    [undefined, 1],
  ])("whose count is %s on the wire is number %i", (deliveryCount, expected) => {
    expect(decodeMessage(received({ deliveryCount }), undefined, PLAIN).deliveryCount).toBe(expected);
  });

  test("has the sequence number as identity, beyond what a number holds", () => {
    expect(decodeMessage(received(), undefined, PLAIN).providerId).toBe("9007199254740993");
  });

  test("expires only if it says so", () => {
    const enqueuedTimeUtc = new Date(systemClock.wallNow());
    const expiring = decodeMessage(received({ enqueuedTimeUtc, timeToLive: 60_000 }), undefined, PLAIN);
    expect((expiring.expiresAtMs ?? 0) - (expiring.enqueuedAtMs ?? 0)).toBe(60_000);
    const forever = decodeMessage(
      received({ enqueuedTimeUtc, timeToLive: 922_337_203_685_477 }),
      undefined,
      PLAIN,
    );
    expect(forever.expiresAtMs).toBeUndefined();
  });

  test("from the dead letters tells reason, description and source, and not as attributes", () => {
    const applicationProperties = { DeadLetterReason: "r", DeadLetterErrorDescription: "d", tenant: "acme" };
    const message = received({
      applicationProperties,
      deadLetterReason: "r",
      deadLetterErrorDescription: "d",
      deadLetterSource: "orders",
    });
    const delivery = decodeMessage(message, undefined, DEAD);
    expect(delivery.deadLetter).toEqual({ reason: "r", description: "d", source: "orders" });
    expect(delivery.attributes).toEqual({ tenant: "acme" });
  });
});

test("a sequence number in text becomes the eight bytes that the SDK writes", () => {
  expect(sequenceNumberOf("9007199254740993").toBytesBE()).toEqual([0, 32, 0, 0, 0, 0, 0, 1]);
  expect(sequenceNumberOf("18446744073709551615").toBytesBE()).toEqual(Array.from({ length: 8 }, () => 255));
});
