import type { OutgoingMessage } from "@anyqueue/core/adapter";
import { protos } from "@google-cloud/pubsub";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyCharacter } from "../../../tooling/any-character.ts";
import { UnreadableProto } from "./proto-reader.ts";
import { decodePublishResponse, PublishRequest } from "./publish-codec.ts";
import { encodeMessage, sizeOfMessage } from "./pubsub-wire.ts";

const { PublishRequest: Request, PublishResponse: Response } = protos.google.pubsub.v1;
const TOPIC = "projects/p/topics/orders";
const PLAIN: OutgoingMessage = { id: "a", body: new Uint8Array(1), contentType: "", attributes: {} };

/** Lengths around those at which the length prefix grows, for characters of one to four bytes. */
const text = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 50 }),
  fc.constantFrom(
    "",
    "é",
    "🚀".repeat(32),
    "x".repeat(41),
    "x".repeat(127),
    "x".repeat(128),
    "y".repeat(17_000),
  ),
);
const name = fc.oneof(
  text.filter((given) => given !== "__proto__"),
  fc.constantFrom("content-type", "aq-id", "aq-subject", "aq-due"),
);
const bodyBytes = fc.constantFrom(
  0,
  1,
  126,
  127,
  128,
  1_000,
  16_000,
  16_255,
  16_256,
  16_383,
  16_384,
  100_000,
);
const optional = fc.option(text, { nil: undefined });

const message: fc.Arbitrary<OutgoingMessage> = fc
  .record({
    id: text,
    body: bodyBytes.map((size) => new Uint8Array(size + 2).fill(7).subarray(1, size + 1)),
    contentType: fc.constantFrom("application/json", "", "text/plain; charset=utf-8"),
    attributes: fc.dictionary(name, text, { maxKeys: 4 }),
    orderingKey: optional,
    correlationId: optional,
    replyTo: optional,
    subject: optional,
  })
  .map(({ orderingKey, correlationId, replyTo, subject, ...always }) => ({
    ...always,
    ...(orderingKey !== undefined && { orderingKey }),
    ...(correlationId !== undefined && { correlationId }),
    ...(replyTo !== undefined && { replyTo }),
    ...(subject !== undefined && { subject }),
  }));

function bySdk(messages: readonly OutgoingMessage[]): Buffer {
  const request = Request.fromObject({ topic: TOPIC, messages: messages.map(encodeMessage) });
  return Buffer.from(Request.encode(request).finish());
}

describe("a publish request", () => {
  test("has the bytes of the SDK's own encoder, whatever is published", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
        expect(new PublishRequest(TOPIC, messages).encode().equals(bySdk(messages))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("has the same bytes where the body is still text, as many as its size says", () => {
    const wellFormed = fc.oneof(text, fc.constantFrom("é".repeat(9_000), "🚀".repeat(70_000)));
    const asText = fc
      .tuple(message, wellFormed)
      .filter(([, source]) => source.isWellFormed())
      .map(([given, source]) => ({ ...given, body: Buffer.from(source), text: source }));
    fc.assert(
      fc.property(fc.array(asText, { maxLength: 5 }), (messages) => {
        const encoded = new PublishRequest(TOPIC, messages).encode();
        expect(encoded.equals(bySdk(messages))).toBe(true);
        const sizes = messages.reduce((sum, each) => sum + sizeOfMessage(each), 0);
        expect(encoded.length - new PublishRequest(TOPIC, []).encode().length).toBe(sizes);
      }),
    );
  });

  test("shows itself in the form of the SDK to whom asks, made once", () => {
    const [sent] = fc.sample(message, 1);
    const request = new PublishRequest(TOPIC, sent === undefined ? [] : [sent]);
    expect(request.topic).toBe(TOPIC);
    expect(request.messages).toEqual(sent === undefined ? [] : [encodeMessage(sent)]);
    expect(request.messages).toBe(request.messages);
  });

  test("lets go of its messages and of its memory once it was answered", () => {
    const request = new PublishRequest(TOPIC, [{ ...PLAIN, body: new Uint8Array(100_000) }]);
    const bytes = request.encode();
    request.release();
    expect([request.messages, bytes.length]).toEqual([[], 0]);
  });

  test("but not of memory that it shares with others", () => {
    const request = new PublishRequest(TOPIC, [PLAIN]);
    const bytes = request.encode();
    const copy = Buffer.from(bytes);
    request.release();
    expect([request.messages, bytes.equals(copy)]).toEqual([[], true]);
  });
});

describe("its answer", () => {
  const ids = Array.from({ length: 1_000 }, (_, index) => String(10 ** 15 + index));

  test("is read as the SDK reads it", () => {
    const bytes = Buffer.from(Response.encode({ messageIds: ids }).finish());
    expect(decodePublishResponse(bytes)).toEqual({ messageIds: ids });
    expect(decodePublishResponse(Buffer.alloc(0))).toEqual({ messageIds: [] });
  });

  test("may have fields that are not known yet", () => {
    const bytes = Buffer.concat([
      Buffer.from([0x78, 0x01]),
      Buffer.from(Response.encode({ messageIds: ["1"] }).finish()),
      Buffer.from([0x7a, 1, 9]),
    ]);
    expect(decodePublishResponse(bytes)).toEqual({ messageIds: ["1"] });
  });

  test("cannot be read when it is cut off", () => {
    const bytes = Buffer.from(Response.encode({ messageIds: ["12345"] }).finish());
    for (let length = 1; length < bytes.length; length += 1)
      expect(() => decodePublishResponse(bytes.subarray(0, length))).toThrow(UnreadableProto);
  });
});
