import { expect, test } from "vitest";
import { triggerData, type TriggerMessage } from "./trigger-data.ts";
import type { TriggerBinding } from "./worker-messages.ts";

const binding = (properties: Record<string, unknown> = {}): TriggerBinding => ({
  name: "order",
  type: "serviceBusTrigger",
  properties,
});

const message = (text: string, native: object = {}): TriggerMessage => ({
  body: new TextEncoder().encode(text),
  attempt: 2,
  native,
});

test("one message is a text with its metadata, each typed as the host types it", () => {
  const native = {
    messageId: "m-1",
    enqueuedTimeUtc: new Date(Date.UTC(2026, 0, 2)),
    expiresAtUtc: new Date(Number.NaN),
    sequenceNumber: { toString: () => "7" },
    subject: "placed",
    applicationProperties: { tenant: "a" },
  };
  expect(triggerData(binding(), [message('{"a":1}', native)])).toEqual({
    inputData: [{ name: "order", data: { string: '{"a":1}' } }],
    triggerMetadata: {
      MessageId: { string: "m-1" },
      DeliveryCount: { int: 2 },
      EnqueuedTimeUtc: { string: "2026-01-02T00:00:00.000Z" },
      SequenceNumber: { int: 7 },
      Subject: { string: "placed" },
      Label: { string: "placed" },
      ApplicationProperties: { json: '{"tenant":"a"}' },
      UserProperties: { json: '{"tenant":"a"}' },
      a: { string: "1" },
    },
  });
});

test("members of a JSON object stand for the metadata of their name, unless they are lists or null", () => {
  const native = { messageId: "m-1", subject: "placed", replyTo: "answers" };
  const body = JSON.stringify({ messageId: 7, subject: null, replyTo: ["a"], at: { x: 1 }, isNew: true });
  const { triggerMetadata } = triggerData(binding(), [message(body, native)]);
  expect(triggerMetadata).toMatchObject({
    MessageId: { string: "7" },
    Subject: { string: "placed" },
    ReplyTo: { string: "answers" },
    at: { json: '{"x":1}' },
    isNew: { string: "True" },
  });
  const asBytes = triggerData(binding({ dataType: "binary" }), [message(body, native)]);
  expect(asBytes.triggerMetadata).toMatchObject({ MessageId: { string: "m-1" } });
});

test("many messages are a collection, and their metadata arrays", () => {
  const { inputData, triggerMetadata } = triggerData(binding({ cardinality: "Many" }), [
    message("a", { messageId: "m-1" }),
    message("b", { messageId: "m-2", sessionId: "s" }),
  ]);
  expect(inputData).toEqual([{ name: "order", data: { collectionString: { string: ["a", "b"] } } }]);
  expect(triggerMetadata).toMatchObject({
    MessageIdArray: { json: '["m-1","m-2"]' },
    SessionIdArray: { json: '[null,"s"]' },
    DeliveryCountArray: { json: "[2,2]" },
  });
});

test("binary bodies stay bytes", () => {
  const one = triggerData(binding({ dataType: "binary" }), [message("a")]);
  expect(one.inputData[0]?.data).toEqual({ bytes: Uint8Array.of(97) });
  const many = triggerData(binding({ dataType: "binary", cardinality: "many" }), [message("a")]);
  expect(many.inputData[0]?.data).toEqual({ collectionBytes: { bytes: [Uint8Array.of(97)] } });
});
