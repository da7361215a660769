import { beforeEach, expect, test } from "vitest";

import { QueueError } from "../errors/queue-error.ts";
import { KeyLatches } from "./key-latches.ts";

const first = new QueueError("TIMEOUT", { what: "first" });
const second = new QueueError("THROTTLED", { what: "second" });
let latches: KeyLatches;

beforeEach(() => {
  latches = new KeyLatches();
  latches.latch("k", 5, first);
});

test("refuses what comes after the failed send of the key, and nothing else", () => {
  expect(latches.failureBefore("k", 6)).toBe(first);
  expect(latches.failureBefore("k", 5)).toBeUndefined();
  expect(latches.failureBefore("k", 4)).toBeUndefined();
  expect(latches.failureBefore("l", 6)).toBeUndefined();
  expect(latches.failureBefore(undefined, 6)).toBeUndefined();
});

test("after resume refuses only what was accepted before it", () => {
  latches.resume("k", 8, 6);
  expect(latches.failureBefore("k", 8)).toBe(first);
  expect(latches.failureBefore("k", 9)).toBeUndefined();
  latches.resume("k", 20, 6);
  expect(latches.failureBefore("k", 9)).toBeUndefined();
});

test("a failure of an earlier send moves the latch to it and keeps the first error", () => {
  latches.latch("k", 3, second);
  latches.latch("k", 7, second);
  expect(latches.failureBefore("k", 4)).toBe(first);
  expect(latches.failureBefore("k", 3)).toBeUndefined();
});

test("a key that was resumed can be latched again", () => {
  latches.resume("k", 8, 6);
  latches.latch("k", 10, second);
  expect(latches.failureBefore("k", 8)).toBe(first);
  expect(latches.failureBefore("k", 9)).toBeUndefined();
  expect(latches.failureBefore("k", 11)).toBe(second);
});

test("forgets a key when all that it refuses is settled, and no other", () => {
  latches.latch("l", 6, second);
  latches.latch("m", 7, second);
  latches.resume("k", 8, 6);
  latches.resume("l", 12, 9);
  expect(latches.size).toBe(2);
  expect(latches.failureBefore("l", 12)).toBe(second);
  latches.resume("none", 20, Infinity);
  expect(latches.size).toBe(1);
  expect(latches.failureBefore("m", 8)).toBe(second);
});
