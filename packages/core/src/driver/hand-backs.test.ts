import { expect, test } from "vitest";
import { HandBacks } from "./hand-backs.ts";

test("counts per message and forgets on request", () => {
  const handBacks = new HandBacks();
  handBacks.add("a");
  handBacks.add("a");
  handBacks.add("b");
  expect(["a", "b", "c"].map((id) => handBacks.of(id))).toEqual([2, 1, 0]);
  handBacks.forget("a");
  expect(["a", "b"].map((id) => handBacks.of(id))).toEqual([0, 1]);
});

test("counts a hand-over once, however often it is handed back", () => {
  const handBacks = new HandBacks();
  const first = { messageId: "a" };
  handBacks.addOnce(first);
  handBacks.addOnce(first);
  expect(handBacks.of("a")).toBe(1);
  handBacks.addOnce({ messageId: "a" });
  expect(handBacks.of("a")).toBe(2);
});

test("counts what the service counts: each of its numbers once, and not before it is over", () => {
  const handBacks = new HandBacks();
  handBacks.addOnce({ messageId: "a", attempt: 2 });
  // The same number again: the first return was without effect.
  expect(handBacks.of("a", 2)).toBe(0);
  handBacks.addOnce({ messageId: "a", attempt: 2 });
  expect([2, 3].map((attempt) => handBacks.of("a", attempt))).toEqual([0, 1]);
  handBacks.addOnce({ messageId: "a", attempt: 3 });
  // A delivery that was late, and another one is out already.
  handBacks.addOnce({ messageId: "a", attempt: 1 });
  expect([3, 4].map((attempt) => handBacks.of("a", attempt))).toEqual([1, 2]);
  expect(handBacks.of("a")).toBe(2);
});

test("holds a bounded number of messages and lets go of the one handed back longest ago", () => {
  const handBacks = new HandBacks();
  for (let index = 0; index < 10_000; index += 1) handBacks.add(`m-${index}`);
  handBacks.add("m-0");
  handBacks.add("one more");
  expect([handBacks.of("m-0"), handBacks.of("m-1"), handBacks.of("m-2")]).toEqual([2, 0, 1]);
});
