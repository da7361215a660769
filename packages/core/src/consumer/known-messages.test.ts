import { expect, test } from "vitest";
import { delivery } from "../testing.ts";
import { HeldDelivery } from "./held-delivery.ts";
import { KnownMessages } from "./known-messages.ts";

function held(providerId: string): HeldDelivery {
  return new HeldDelivery(delivery<unknown>(providerId, { providerId }), undefined, 1);
}

test("finds each of many, and no more when it is let go", () => {
  const known = new KnownMessages(10_000);
  const all = Array.from({ length: 5_000 }, (_, index) => held(String(index)));
  for (const one of all) known.hold(one);
  expect(all.filter((one) => known.holder(one.delivery.providerId) !== one)).toEqual([]);
  for (const one of all.slice(0, 4_000)) known.letGo(one);
  const left = all.filter((one) => known.holder(one.delivery.providerId) === one);
  expect(left).toEqual(all.slice(4_000));
});

test("has the newest of a message, and the one before when that is let go", () => {
  const known = new KnownMessages(10_000);
  const [first, second] = [held("m"), held("m")];
  known.hold(first);
  known.hold(second);
  expect(known.holder("m")).toBe(second);
  known.letGo(second);
  known.letGo(second);
  expect(known.holder("m")).toBe(first);
});

test("lets go of nothing but what it has", () => {
  const known = new KnownMessages(10_000);
  const one = held("m");
  known.hold(one);
  known.letGo(held("m"));
  expect(known.holder("m")).toBe(one);
});

test("remembers acks that were taken for one window at least and two at most", () => {
  const known = new KnownMessages(10_000);
  const one = held("m");
  one.settlement = { kind: "ack" };
  known.hold(one);
  known.settled(one, true, 5_000);
  expect(known.holder("m")).toBeUndefined();
  expect(known.isAcked("m", 15_000)).toBe(true);
  expect(known.isAcked("m", 25_001)).toBe(false);
});

test("remembers neither what was given back nor an ack that failed", () => {
  const known = new KnownMessages(10_000);
  const [released, failed] = [held("r"), held("f")];
  released.settlement = { kind: "release", delayMs: 0, cause: "retry" };
  failed.settlement = { kind: "ack" };
  known.settled(released, true, 0);
  known.settled(failed, false, 0);
  expect([known.isAcked("r", 0), known.isAcked("f", 0)]).toEqual([false, false]);
});

test("remembers so many acks at most, the newest", () => {
  const known = new KnownMessages(10_000);
  for (let index = 0; index < 30_001; index += 1) {
    const one = held(String(index));
    one.settlement = { kind: "ack" };
    known.settled(one, true, 1);
  }
  expect([known.isAcked("30000", 1), known.isAcked("20000", 1), known.isAcked("0", 1)]).toEqual([
    true,
    true,
    false,
  ]);
});

test("takes no message for another of the same ending", () => {
  const known = new KnownMessages(10_000);
  const [first, acked] = [held("a-0123456789"), held("b-0123456789")];
  acked.settlement = { kind: "ack" };
  known.hold(first);
  known.hold(acked);
  expect(known.holder("b-0123456789")).toBe(acked);
  known.settled(acked, true, 0);
  expect([known.holder("a-0123456789"), known.holder("b-0123456789")]).toEqual([first, undefined]);
  expect(["a", "b", "c"].map((start) => known.isAcked(`${start}-0123456789`, 0))).toEqual([
    false,
    true,
    false,
  ]);
});

test("tells apart ids whose ends are one number, and finds those that count up in steps", () => {
  const known = new KnownMessages(10_000);
  const ids = ["0:", "10", ""];
  for (const step of [1, 10, 16, 4_096, 65_536])
    for (let index = 1; index <= 2_000; index += 1) ids.push(`19910000000${index * step}-${step}`);
  const all = ids.map(held);
  for (const one of all) known.hold(one);
  expect(all.filter((one) => known.holder(one.delivery.providerId) !== one)).toEqual([]);
  const [acked, ...others] = all;
  if (acked === undefined) throw new Error("there is none");
  acked.settlement = { kind: "ack" };
  known.settled(acked, true, 0);
  const found = all.filter((one) => known.isAcked(one.delivery.providerId, 0));
  expect([found, others.every((one) => known.holder(one.delivery.providerId) === one)]).toEqual([
    [acked],
    true,
  ]);
});
