import { expect, test } from "vitest";
import { sbContent } from "../../../../test/support/service-bus-engine.ts";
import { MessageShelf } from "./message-shelf.ts";
import { StoredMessage } from "./stored-message.ts";

function message(sequenceNumber: number, sizeBytes = 10): StoredMessage {
  return new StoredMessage({
    content: sbContent(`m${String(sequenceNumber)}`, { sizeBytes }),
    sequenceNumber,
    enqueuedSequenceNumber: sequenceNumber,
    enqueuedAtMs: 0,
    timeToLiveMs: Number.POSITIVE_INFINITY,
    deliveryCount: 0,
    deadLetterSource: undefined,
    state: "ready",
  });
}

function filled(count: number): { readonly shelf: MessageShelf; readonly messages: StoredMessage[] } {
  const shelf = new MessageShelf();
  const messages = Array.from({ length: count }, (_, index) => message(index + 1));
  for (const one of messages) shelf.add(one);
  return { shelf, messages };
}

test("finds a message by its number, and none that is gone or was never there", () => {
  const { shelf, messages } = filled(100);
  const [, second] = messages;
  expect(shelf.find(77)).toBe(messages[76]);
  if (second !== undefined) shelf.setState(second, "gone");
  expect([shelf.find(2), shelf.find(0), shelf.find(101), shelf.find(1.5)]).toEqual(
    Array.from({ length: 4 }, () => undefined),
  );
});

test("counts messages and bytes by state", () => {
  const { shelf, messages } = filled(3);
  const [first, second] = messages;
  if (first === undefined || second === undefined) throw new Error("three were made");
  shelf.setState(first, "locked");
  shelf.setState(second, "gone");
  expect(shelf.counts).toEqual({ scheduled: 0, ready: 1, locked: 1, deferred: 0 });
  expect([shelf.size, shelf.bytes]).toEqual([2, 20]);
});

test("never brings a message back that is gone", () => {
  const { shelf, messages } = filled(1);
  const [only] = messages;
  if (only === undefined) throw new Error("one was made");
  shelf.setState(only, "gone");
  shelf.setState(only, "ready");
  expect([only.state, shelf.size, shelf.counts.ready]).toEqual(["gone", 0, 0]);
});

test("counts the bytes of a content that replaces another", () => {
  const { shelf, messages } = filled(2);
  const [first] = messages;
  if (first === undefined) throw new Error("two were made");
  shelf.replaceContent(first, sbContent("m1", { sizeBytes: 25 }));
  expect(shelf.bytes).toBe(35);
  shelf.setState(first, "gone");
  expect(shelf.bytes).toBe(10);
});

test("walks from any number, skipping what is gone and what is not wanted", () => {
  const { shelf, messages } = filled(10);
  for (const one of messages) if (one.sequenceNumber % 2 === 0) shelf.setState(one, "gone");
  const found = shelf.from(4, 2, ({ sequenceNumber }) => sequenceNumber !== 5);
  expect(found.map(({ sequenceNumber }) => sequenceNumber)).toEqual([7, 9]);
});

test("still finds everything after thousands are gone", () => {
  const { shelf, messages } = filled(5000);
  for (const one of messages) if (one.sequenceNumber % 10 !== 0) shelf.setState(one, "gone");
  expect(shelf.size).toBe(500);
  expect(shelf.find(4990)?.sequenceNumber).toBe(4990);
  expect(shelf.find(4991)).toBeUndefined();
  expect(shelf.all()).toHaveLength(500);
});
