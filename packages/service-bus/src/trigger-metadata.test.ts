import { describe, expect, test } from "vitest";
import { TriggerMetadata } from "./trigger-metadata.ts";

// As a host of version 4 sends it and @azure/functions 4.16.5 passes it on.
const ONE = {
  messageId: "m-1",
  sessionId: "s-1",
  correlationId: "c-1",
  contentType: "application/json",
  subject: "created",
  label: "created",
  replyTo: "answers",
  lockToken: "5a2ff7a5-8b7a-4d2f-9a4a-6d3f0f4c2b11",
  deadLetterSource: null,
  sequenceNumber: 42,
  deliveryCount: 3,
  enqueuedTimeUtc: "2026-11-29T08:00:00.123Z",
  expiresAtUtc: "2026-11-29T09:00:00.123Z",
  applicationProperties: { tenant: "a", weight: 12.5 },
  userProperties: { tenant: "a", weight: 12.5 },
  sys: { methodName: "orders" },
};
const READ = {
  messageId: "m-1",
  sessionId: "s-1",
  correlationId: "c-1",
  contentType: "application/json",
  subject: "created",
  replyTo: "answers",
  lockToken: "5a2ff7a5-8b7a-4d2f-9a4a-6d3f0f4c2b11",
  sequenceNumber: "42",
  deliveryCount: 3,
  enqueuedAtMs: Date.UTC(2026, 10, 29, 8, 0, 0, 123),
  expiresAtMs: Date.UTC(2026, 10, 29, 9, 0, 0, 123),
  properties: { tenant: "a", weight: 12.5 },
};

function pascal(metadata: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [name.charAt(0).toUpperCase() + name.slice(1), value]),
  );
}

function listed(metadata: Readonly<Record<string, unknown>>, over: object = {}): Record<string, unknown> {
  const lists = Object.entries(metadata).map(([name, value]) => [`${name}Array`, [null, value]] as const);
  return { ...Object.fromEntries(lists), ...over };
}

describe("metadata of one message", () => {
  test.each([
    ["in small letters", ONE],
    ["in .NET's spelling", pascal(ONE)],
    ["as JSON", { ...ONE, applicationProperties: JSON.stringify(ONE.applicationProperties) }],
    ["in the words of older hosts", { ...ONE, subject: undefined, applicationProperties: undefined }],
    ["with times that lack their zone", { ...ONE, enqueuedTimeUtc: "2026-11-29T08:00:00.123" }],
    ["with a number in two halves", { ...ONE, sequenceNumber: { low: 42, high: 0, unsigned: false } }],
    ["with a number as text", { ...ONE, sequenceNumber: "42", deliveryCount: "3" }],
    ["with a number of its own kind", { ...ONE, sequenceNumber: 42n }],
  ])("are read %s", (_how, metadata) => {
    expect(new TriggerMetadata(metadata, undefined).of(0)).toEqual(READ);
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["no object", "metadata"],
    ["a list", [ONE]],
    [
      "of the wrong kinds",
      { messageId: {}, sequenceNumber: "x", deliveryCount: -1, enqueuedTimeUtc: "soon", expiresAtUtc: 7 },
    ],
    ["the metadata of many", listed(ONE)],
  ])("that are %s tell nothing", (_what, metadata) => {
    expect(new TriggerMetadata(metadata, undefined).of(0)).toEqual({ properties: {} });
  });

  test("a text that JSON took for a number is a text again, unless it is too long", () => {
    const read = new TriggerMetadata(
      { messageId: 42, sessionId: true, correlationId: 2 ** 60 },
      undefined,
    ).of(0);
    expect(read).toEqual({ messageId: "42", sessionId: "true", properties: {} });
  });

  test("a sequence number of a partitioned entity is kept whole, or not taken", () => {
    const sequence = (value: unknown): unknown =>
      new TriggerMetadata({ sequenceNumber: value }, undefined).of(0).sequenceNumber;
    expect(sequence({ low: 7, high: 1 << 20 })).toBe("4503599627370503");
    expect(sequence({ low: -1, high: 0x7fffffff })).toBe("9223372036854775807");
    expect(sequence("9223372036854775807")).toBe("9223372036854775807");
    expect(sequence(2 ** 63)).toBeUndefined();
  });

  test("a message that never expires has no such time", () => {
    const metadata = { ...ONE, expiresAtUtc: "9999-12-31T23:59:59.9999999Z" };
    expect(new TriggerMetadata(metadata, undefined).of(0).expiresAtMs).toBeUndefined();
  });
});

describe("metadata of many messages", () => {
  test.each([
    ["in small letters", listed(ONE)],
    ["in .NET's spelling", pascal(listed(ONE))],
    [
      "as JSON",
      listed(ONE, {
        applicationPropertiesArray: JSON.stringify([{}, ONE.applicationProperties]),
        deliveryCountArray: "[1,3]",
      }),
    ],
  ])("are read by message %s", (_how, metadata) => {
    const read = new TriggerMetadata(metadata, 2);
    expect(read.of(1)).toEqual(READ);
    expect(read.of(0).messageId).toBeUndefined();
  });

  test("a list that left some out tells nothing, for nobody knows which", () => {
    const metadata = new TriggerMetadata(listed(ONE, { correlationIdArray: ["c-1"] }), 2);
    expect(metadata.of(0).correlationId).toBeUndefined();
    expect(metadata.of(1).correlationId).toBeUndefined();
    expect(metadata.of(1).messageId).toBe("m-1");
  });

  test("say how many messages there are", () => {
    expect(new TriggerMetadata(listed(ONE), 2).count).toBe(2);
    expect(new TriggerMetadata({ sequenceNumberArray: [1, 2, 3] }, 2).count).toBe(3);
    expect(new TriggerMetadata({}, 2).count).toBeUndefined();
  });
});
