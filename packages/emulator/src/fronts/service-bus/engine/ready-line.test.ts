import fc from "fast-check";
import { expect, test } from "vitest";
import { sbContent } from "../../../../test/support/service-bus-engine.ts";
import { ReadyLine } from "./ready-line.ts";
import { StoredMessage } from "./stored-message.ts";

function message(sequenceNumber: number): StoredMessage {
  return new StoredMessage({
    content: sbContent(`m${String(sequenceNumber)}`),
    sequenceNumber,
    enqueuedSequenceNumber: sequenceNumber,
    enqueuedAtMs: 0,
    timeToLiveMs: Number.POSITIVE_INFINITY,
    deliveryCount: 0,
    deadLetterSource: undefined,
    state: "ready",
  });
}

test("puts a message that comes back in front of later ones", () => {
  const line = new ReadyLine();
  const [one, two, three] = [message(1), message(2), message(3)];
  line.push(two);
  line.push(three);
  line.putBack(one);
  expect([line.shift(), line.shift(), line.shift(), line.shift()]).toEqual([one, two, three, undefined]);
});

test("skips messages that have gone while they waited", () => {
  const line = new ReadyLine();
  const [one, two, three] = [message(1), message(2), message(3)];
  line.putBack(one);
  line.push(two);
  line.push(three);
  one.state = "gone";
  two.state = "gone";
  expect(line.peek()).toBe(three);
  expect([line.shift(), line.peek()]).toEqual([three, undefined]);
});

test("hands out messages by number, in whatever order they come back", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(1000), { maxLength: 60 }), fc.nat(59), (numbers, freshCount) => {
      const line = new ReadyLine();
      const sorted = numbers.toSorted((left, right) => left - right);
      const fresh = sorted.slice(-freshCount);
      for (const number of numbers.filter((number) => !fresh.includes(number))) line.putBack(message(number));
      for (const number of fresh) line.push(message(number));
      const taken: number[] = [];
      for (let next = line.shift(); next !== undefined; next = line.shift()) taken.push(next.sequenceNumber);
      expect(taken).toEqual(sorted);
    }),
  );
});
