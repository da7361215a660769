import type { OutgoingMessage } from "@anyqueue/core/adapter";
import type { Message } from "@aws-sdk/client-sqs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyCharacter } from "../../../tooling/any-character.ts";
import { SQS_LIMITS } from "./sqs-limits.ts";
import { encodeBody } from "./sqs-body.ts";
import { decodeMessage, encodeMessage } from "./sqs-wire.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function outgoing(more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return { id: "o-1", body: utf8('{"a":1}'), contentType: "application/json", attributes: {}, ...more };
}

/** Returns a sent message as SQS hands it over. */
function arrived(message: OutgoingMessage, system: Message["Attributes"] = {}, isAlone = false): Message {
  const { body, attributes } = encodeMessage(message, isAlone);
  return {
    MessageId: "m-1",
    ReceiptHandle: "r-1",
    Body: body,
    MessageAttributes: attributes,
    Attributes: system,
  };
}

const roundTrip = (message: OutgoingMessage): ReturnType<typeof decodeMessage> =>
  decodeMessage(arrived(message), 0, 60_000);

/** True for UTF-8 that SQS accepts as it is. */
const isLegal = (body: Uint8Array): boolean => encodeBody(body).encoding === undefined;

const attributesOf = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, `v${index}`]));

describe("encodeMessage", () => {
  test("leaves JSON readable for a foreign consumer, with user attributes as native strings", () => {
    const { body, attributes } = encodeMessage(
      outgoing({ attributes: { tenant: "t-7", traceparent: "00-x" } }),
    );
    expect(body).toBe('{"a":1}');
    expect(attributes["tenant"]).toEqual({ DataType: "String", StringValue: "t-7" });
    expect(attributes["traceparent"]).toEqual({ DataType: "String", StringValue: "00-x" });
    expect(JSON.parse(attributes["aq-h"]?.StringValue ?? "")).toEqual({
      v: 1,
      id: "o-1",
      ct: "application/json",
    });
  });

  test("uses one attribute of its own where everything fits, two where not, never more than ten", () => {
    expect(Object.keys(encodeMessage(outgoing({ attributes: attributesOf(8) })).attributes)).toHaveLength(9);
    expect(Object.keys(encodeMessage(outgoing({ attributes: attributesOf(9) })).attributes)).toHaveLength(10);
    expect(Object.keys(encodeMessage(outgoing({ attributes: attributesOf(90) })).attributes)).toHaveLength(
      10,
    );
  });

  test("packs empty values and control characters, which SQS refuses in an attribute", () => {
    const attributes = { empty: "", bell: "\u0007", plain: "x" };
    const encoded = encodeMessage(outgoing({ attributes }));
    expect(Object.keys(encoded.attributes).toSorted()).toEqual(["aq-h", "aq-x", "plain"]);
    expect(roundTrip(outgoing({ attributes })).attributes).toEqual(attributes);
  });

  test("puts the core's attributes into the header, where they cost no place of the user's", () => {
    const message = outgoing({
      attributes: { ...attributesOf(8), "aq-due": "123", "aq-dead-reason": "why" },
    });
    expect(Object.keys(encodeMessage(message).attributes)).toHaveLength(9);
    expect(roundTrip(message).attributes).toEqual(message.attributes);
  });

  test("counts body and name, type and value of every attribute, in UTF-8", () => {
    const { attributes, bytes } = encodeMessage(outgoing({ body: utf8("ä"), attributes: { n: "€" } }));
    const header = attributes["aq-h"]?.StringValue ?? "";
    expect(bytes).toBe(
      2 + ("n".length + "String".length + 3) + ("aq-h".length + "String".length + header.length),
    );
  });

  test("counts the bytes of a binary attribute, and its own type", () => {
    const attributes = { blob: "AQL/" };
    const plain = encodeMessage(outgoing({ attributes })).bytes;
    const typed = encodeMessage(outgoing({ attributes, attributeTypes: { blob: "Binary.png" } })).bytes;
    expect(typed - plain).toBe("Binary.png".length + 3 - ("String".length + 4));
  });

  test("counts what base64 makes of the bytes, not the bytes", () => {
    const bytes = encodeMessage(outgoing({ body: new Uint8Array(3_000).fill(0xff) })).bytes;
    expect(bytes).toBeGreaterThan(4_000);
    expect(bytes).toBeLessThan(4_200);
  });
});

describe("decodeMessage", () => {
  test("brings every message back as it was", () => {
    const name = fc
      .stringMatching(SQS_LIMITS.attributes.namePattern ?? /./)
      .filter((text) => !text.startsWith("aq-"));
    const text = fc.string({ unit: "grapheme" });
    fc.assert(
      fc.property(
        fc.record({
          id: fc.string({ minLength: 1, unit: "grapheme" }),
          body: fc.uint8Array(),
          contentType: text,
          attributes: fc.dictionary(name, text, { maxKeys: 20, noNullPrototype: true }),
        }),
        fc.record({ correlationId: text, replyTo: text, subject: text }, { requiredKeys: [] }),
        (must, may) => {
          const { id, body, contentType, attributes, correlationId, replyTo, subject, malformed } = roundTrip(
            { ...must, ...may },
          );
          expect(malformed).toBeUndefined();
          expect({ id, contentType, attributes }).toEqual({
            id: must.id,
            contentType: must.contentType,
            attributes: must.attributes,
          });
          expect(body).toEqual(Uint8Array.from(must.body));
          expect({ correlationId, replyTo, subject }).toEqual(may);
        },
      ),
    );
  });

  test("leaves text as the text that it came as, and what is none to its bytes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.string({ unit: anyCharacter }).map(utf8)), (body) => {
        const delivery = roundTrip(outgoing({ body }));
        expect(delivery.text === undefined || Buffer.from(utf8(delivery.text)).equals(body)).toBe(true);
        expect(delivery.text === undefined).toBe(body.length === 0 || !isLegal(body));
      }),
    );
    const foreign = decodeMessage({ Body: "lone \uD800" }, 0, 1);
    expect(foreign.text).toBeUndefined();
    expect(foreign.body).toEqual(utf8("lone \uFFFD"));
  });

  test("keeps an attribute that is called __proto__", () => {
    const attributes: Record<string, string> = Object.fromEntries([
      ["__proto__", "x"],
      ["a", ""],
    ]);
    expect(new Map(Object.entries(roundTrip(outgoing({ attributes })).attributes))).toEqual(
      new Map([
        ["__proto__", "x"],
        ["a", ""],
      ]),
    );
  });

  test("reads count, time, group, token and source from the system attributes", () => {
    const system = {
      ApproximateReceiveCount: "3",
      SentTimestamp: "1700000000000",
      MessageGroupId: "k-1",
      MessageDeduplicationId: "d-1",
      SequenceNumber: "18870000000000000000",
      DeadLetterQueueSourceArn: "arn:aws:sqs:eu-west-1:000000000000:orders.fifo",
    };
    expect(decodeMessage(arrived(outgoing(), system), 5, 30_000)).toMatchObject({
      handle: { receiptHandle: "r-1", receivedAtMs: 5 },
      id: "o-1",
      providerId: "m-1",
      deliveryCount: 3,
      enqueuedAtMs: 1_700_000_000_000,
      orderingKey: "k-1",
      deduplicationId: "d-1",
      deadLetter: { source: "orders.fifo" },
      leaseMs: 30_000,
    });
  });

  test("takes the group of a standard queue for what it is, a tenant that orders nothing", () => {
    const delivery = decodeMessage(arrived(outgoing(), { MessageGroupId: "tenant" }), 0, 1);
    expect(delivery.orderingKey).toBeUndefined();
  });

  test("hides the group that an unkeyed FIFO message has for itself", () => {
    const system = { MessageGroupId: "d-1", SequenceNumber: "1" };
    expect(decodeMessage(arrived(outgoing(), system, true), 0, 1)).not.toHaveProperty("orderingKey");
  });

  test("delivers a foreign message with all that it carries", () => {
    const delivery = decodeMessage(
      {
        MessageId: "m-9",
        ReceiptHandle: "r-9",
        Body: "plain",
        MessageAttributes: {
          text: { DataType: "String", StringValue: "x" },
          count: { DataType: "Number.int", StringValue: "42" },
          blob: { DataType: "Binary", BinaryValue: Uint8Array.of(1, 2, 255) },
          label: { DataType: "String.color", StringValue: "red" },
        },
      },
      0,
      1,
    );
    expect(delivery).toMatchObject({
      id: "m-9",
      body: utf8("plain"),
      attributes: { text: "x", count: "42", blob: "AQL/", label: "red" },
      attributeTypes: { count: "Number.int", blob: "Binary", label: "String.color" },
    });
    expect(delivery).not.toHaveProperty("contentType");
    expect(delivery).not.toHaveProperty("malformed");
  });

  test("makes of a copy's attributes what they were, whatever their number", () => {
    const of = (count: number): NonNullable<Message["MessageAttributes"]> => ({
      text: { DataType: "String", StringValue: "x" },
      // oxlint-disable-next-line no-useless-computed-key -- no prototype
      ["__proto__"]: { DataType: "Number", StringValue: "1" },
      ...Object.fromEntries(
        Array.from({ length: count - 3 }, (_, index) => [
          `n${index}`,
          { DataType: "Number.int", StringValue: String(index) },
        ]),
      ),
      blob: { DataType: "Binary.png", BinaryValue: Buffer.of(1, 2, 255) },
    });
    for (const count of [3, 8, 9, 10]) {
      const foreign = { Body: "plain", MessageAttributes: of(count) };
      const { attributes, attributeTypes } = decodeMessage(foreign, 0, 1);
      const copy = outgoing({ attributes, ...(attributeTypes && { attributeTypes }) });
      const sent = encodeMessage(copy).attributes;
      // No SDK reads an attribute of this name, and old ones (3.726.1) do not write it: the copy would lose it.
      expect(Object.keys(sent)).not.toContain("__proto__");
      const named = Object.entries(of(count)).filter(([name]) => name !== "__proto__");
      for (const [name, value] of named.slice(0, 8)) {
        const { BinaryValue, ...rest } = sent[name] ?? {};
        expect({ ...rest, ...(BinaryValue && { BinaryValue: Buffer.from(BinaryValue) }) }).toEqual(value);
      }
      expect(Object.keys(sent).length).toBeLessThanOrEqual(10);
      const copied = roundTrip(copy);
      expect(new Map(Object.entries(copied.attributes))).toEqual(new Map(Object.entries(attributes)));
      expect(copied.attributeTypes).toEqual(attributeTypes);
    }
  });

  // The trap: old SDKs (3.726.1) assign the value, which makes it the record's prototype.
  test("marks a message as malformed whose attribute called __proto__ the SDK has lost", () => {
    const native = { a: { DataType: "String", StringValue: "x" } };
    Object.setPrototypeOf(native, { DataType: "String", StringValue: "lost" });
    const { malformed, attributes } = decodeMessage({ Body: "b", MessageAttributes: native }, 0, 1);
    expect(malformed).toBe('the SDK cannot read the attribute "__proto__"');
    expect(attributes).toEqual({ a: "x" });
  });

  test("takes types of another service for text", () => {
    const attributeTypes = { at: "timestamp", flag: "Strings", own: "" };
    const { attributes } = encodeMessage(
      outgoing({ attributes: { at: "x", flag: "y", own: "z" }, attributeTypes }),
    );
    for (const name of ["at", "flag", "own"]) expect(attributes[name]?.DataType).toBe("String");
  });

  test.each([
    ["no JSON", "{", "aq-h is not JSON"],
    ["no object", "[1]", "aq-h is not a JSON object"],
    ["a newer version", '{"v":2,"id":"x"}', "version 2"],
    ["no id", '{"v":1}', "has no id"],
    ["a number for a text", '{"v":1,"id":"x","ct":5}', '"ct" is number'],
    ["an encoding that the body does not have", '{"v":1,"id":"x","enc":"b64"}', 'encoding "b64"'],
    ["an unknown encoding", '{"v":1,"id":"x","enc":"zstd"}', 'encoding "zstd"'],
  ])("marks a header with %s as malformed and keeps the body", (_, header, reason) => {
    const delivery = decodeMessage(
      {
        MessageId: "m",
        ReceiptHandle: "r",
        Body: "as it is!",
        MessageAttributes: { "aq-h": { DataType: "String", StringValue: header } },
      },
      0,
      1,
    );
    expect(delivery.malformed).toContain(reason);
    expect(delivery.body).toEqual(utf8("as it is!"));
  });

  test.each([
    ["{", "aq-x is not JSON"],
    ['{"a":1}', '"a" is not a string'],
  ])("marks the overflow %s as malformed", (overflow, reason) => {
    const message = arrived(outgoing());
    message.MessageAttributes = {
      ...message.MessageAttributes,
      "aq-x": { DataType: "String", StringValue: overflow },
    };
    expect(decodeMessage(message, 0, 1).malformed).toContain(reason);
  });
});
