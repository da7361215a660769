import { createRequire } from "node:module";
import type { OutgoingMessage } from "@anyqueue/core/adapter";
import { protos } from "@google-cloud/pubsub";
import { describe, expect, test } from "vitest";
import { decodeMessage, encodeMessage, sizeOfMessage } from "./pubsub-wire.ts";

const ARRIVAL = { stream: 1, handedBack: 0 };
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function message(more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return { id: "m-1", body: text("hello"), contentType: "application/json", attributes: {}, ...more };
}

function roundTrip(sent: OutgoingMessage): ReturnType<typeof decodeMessage> {
  return decodeMessage({ ackId: "a", message: { ...encodeMessage(sent), messageId: "77" } }, ARRIVAL);
}

describe("our own messages", () => {
  test("come back as they were sent", () => {
    const sent = message({
      attributes: { traceparent: "00-x-y-01", "aq-due": "5", empty: "" },
      orderingKey: "k",
      correlationId: "c",
      replyTo: "r",
      subject: "s",
    });
    const { handle, native: _native, ...delivery } = roundTrip(sent);
    expect(delivery).toEqual({ ...sent, body: Buffer.from("hello"), providerId: "77" });
    expect(handle).toEqual({ ackId: "a", messageId: "77", stream: 1, orderingKey: "k" });
  });

  test.each([
    ["nothing", new Uint8Array(0)],
    ["every byte", Uint8Array.from({ length: 256 }, (_, index) => index)],
    ["a part of a larger buffer", new Uint8Array([9, 1, 2, 9]).subarray(1, 3)],
  ])("carry a body of %s unchanged", (_, body) => {
    expect(Uint8Array.from(roundTrip(message({ body })).body)).toEqual(Uint8Array.from(body));
  });

  test("leave the application an attribute with the name of a standard one", () => {
    const delivery = roundTrip(message({ attributes: { "content-type": "mine" } }));
    expect(delivery.contentType).toBe("application/json");
    expect(delivery.attributes).toEqual({ "content-type": "mine" });
  });
});

describe("a foreign message", () => {
  const received = {
    ackId: "a",
    deliveryAttempt: 3,
    message: {
      messageId: "5",
      data: Buffer.from("x"),
      attributes: { "content-type": "text/csv", subject: "theirs" },
      orderingKey: "",
      publishTime: { seconds: "1700000000", nanos: 123_456_789 },
    },
  };

  test("keeps all its attributes", () => {
    expect(decodeMessage(received, ARRIVAL)).toMatchObject({
      id: "5",
      providerId: "5",
      contentType: "text/csv",
      attributes: received.message.attributes,
      deliveryCount: 3,
      enqueuedAtMs: 1_700_000_000_123,
      native: received,
    });
    expect(decodeMessage(received, ARRIVAL)).not.toHaveProperty("orderingKey");
    expect(decodeMessage(received, ARRIVAL)).not.toHaveProperty("subject");
  });

  test("without a dead-letter policy is not counted", () => {
    expect(decodeMessage({ ...received, deliveryAttempt: 0 }, ARRIVAL)).not.toHaveProperty("deliveryCount");
  });

  test("does not count what was given back before anything began, and counts from 1", () => {
    expect(decodeMessage(received, { stream: 1, handedBack: 1 }).deliveryCount).toBe(2);
    expect(decodeMessage(received, { stream: 1, handedBack: 9 }).deliveryCount).toBe(1);
  });

  test("that the service dead-lettered names its source", () => {
    const attributes = { CloudPubSubDeadLetterSourceSubscription: "orders" };
    const dead = { ...received, message: { ...received.message, attributes } };
    expect(decodeMessage(dead, ARRIVAL).deadLetter).toEqual({ source: "orders" });
  });

  test("of a server that gives no ids is no other one's second delivery", () => {
    const [one, other] = ["a", "b"].map((ackId) =>
      decodeMessage({ ackId, message: { messageId: "" } }, ARRIVAL),
    );
    expect([one?.providerId, other?.providerId]).toEqual(["a", "b"]);
  });

  test.each([
    [{}],
    [{ ackId: "a" }],
    [{ ackId: "a", message: {} }],
    [{ message: { data: "aGk=", publishTime: {} } }],
  ])("with missing fields is read as far as it goes: %j", (broken) => {
    expect(() => decodeMessage(broken, ARRIVAL)).not.toThrow();
  });
});

describe("sizeOfMessage", () => {
  const { PublishRequest } = protos.google.pubsub.v1;

  test.each([
    ["an empty body", message({ body: new Uint8Array(0) })],
    ["a short body", message()],
    ["127 and 128 bytes", message({ body: new Uint8Array(127), orderingKey: "k".repeat(128) })],
    ["16,384 bytes", message({ body: new Uint8Array(16_384) })],
    ["three-byte characters", message({ attributes: { größe: "大".repeat(300) } })],
    ["ten megabytes", message({ body: new Uint8Array(9_999_000) })],
  ])("is exact for %s", (_, sent) => {
    const encoded = PublishRequest.encode({ messages: [encodeMessage(sent)] }).finish();
    expect(sizeOfMessage(sent)).toBe(encoded.byteLength);
  });
});

test("the two releases of the client agree on the wire form", () => {
  const load = createRequire(import.meta.url);
  const other = load("@google-cloud/pubsub-5") as { protos: typeof protos };
  const request = { topic: "t", messages: [encodeMessage(message({ orderingKey: "k" }))] };
  const [six, five] = [protos, other.protos].map(({ google }) =>
    google.pubsub.v1.PublishRequest.encode(request).finish(),
  );
  expect(five).toEqual(six);
});
