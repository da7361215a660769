import { expect, test } from "vitest";
import { AckIds, isAckId } from "./ack-id.ts";

test("an ack id identifies one delivery of one message", () => {
  const ids = new AckIds("projects/p/subscriptions/s", 1);
  expect(ids.read(ids.make(123_456_789, 42))).toEqual({ messageNumber: 123_456_789, lease: 42 });
});

test("an ack id means nothing to another subscription, or to a later one of the same name", () => {
  const ackId = new AckIds("projects/p/subscriptions/s", 1).make(1, 1);
  expect(new AckIds("projects/p/subscriptions/t", 1).read(ackId)).toBeUndefined();
  expect(new AckIds("projects/p/subscriptions/s", 2).read(ackId)).toBeUndefined();
});

test("ack ids are as long as the service's and recognised by their form", () => {
  const ackId = new AckIds("projects/p/subscriptions/s", 36).make(99_999, 99_999);
  expect(ackId.length).toBeGreaterThan(165);
  expect(ackId.length).toBeLessThan(200);
  expect(isAckId(ackId)).toBe(true);
  for (const text of ["", "bogus", ackId.slice(1, -1), `${ackId}x`]) expect(isAckId(text)).toBe(false);
});
