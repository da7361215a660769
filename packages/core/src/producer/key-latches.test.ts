import { beforeEach, describe, expect, test } from "vitest";

import { QueueError } from "../errors/queue-error.ts";
import { KeyLatches } from "./key-latches.ts";

const first = new QueueError("TIMEOUT", { what: "first" });
const second = new QueueError("THROTTLED", { what: "second" });
let latches: KeyLatches;

beforeEach(() => {
  latches = new KeyLatches();
  latches.latch("k", 5, first, 0);
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
  latches.latch("k", 3, second, 0);
  latches.latch("k", 7, second, 0);
  expect(latches.failureBefore("k", 4)).toBe(first);
  expect(latches.failureBefore("k", 3)).toBeUndefined();
});

test("a key that was resumed can be latched again", () => {
  latches.resume("k", 8, 6);
  latches.latch("k", 10, second, 0);
  expect(latches.failureBefore("k", 8)).toBe(first);
  expect(latches.failureBefore("k", 9)).toBeUndefined();
  expect(latches.failureBefore("k", 11)).toBe(second);
});

test("forgets a key when all that it refuses is settled, and no other", () => {
  latches.latch("l", 6, second, 0);
  latches.latch("m", 7, second, 0);
  latches.resume("k", 8, 6);
  latches.resume("l", 12, 9);
  expect(latches.size).toBe(2);
  expect(latches.failureBefore("l", 12)).toBe(second);
  latches.resume("none", 20, Infinity);
  expect(latches.size).toBe(1);
  expect(latches.failureBefore("m", 8)).toBe(second);
});

describe("of a thousand latched keys and more", () => {
  const timeout = (): QueueError => new QueueError("TIMEOUT", { what: "an own one" });

  /** Latches keys whose errors are all alike, and returns the number of errors that are kept. */
  function latchMany(count: number, atMs: (nth: number) => number = () => 0): number {
    for (let nth = 0; nth < count; nth += 1) latches.latch(`k${nth}`, nth, timeout(), atMs(nth));
    const kept = Array.from({ length: count }, (_, nth) => latches.failureBefore(`k${nth}`, count));
    return new Set(kept).size;
  }

  test("the first keep their own errors, the others share one", () => {
    expect(latchMany(999)).toBe(999);
    expect(latchMany(5_000)).toBe(1_000);
  });

  test("each refuses what comes after its own failed send", () => {
    latchMany(3_000);
    expect(latches.failureBefore("k2500", 2_500)).toBeUndefined();
    expect(latches.failureBefore("k2500", 2_501)).toMatchObject({ code: "TIMEOUT" });
  });

  test("errors of another kind are not mixed: whether the message may have arrived is told as it was", () => {
    latchMany(2_000);
    latches.latch("doubtful", 1, new QueueError("TIMEOUT", { what: "doubtful", ambiguous: true }), 0);
    latches.latch("refused", 1, second, 0);
    expect(latches.failureBefore("doubtful", 2)).toMatchObject({ code: "TIMEOUT", ambiguous: true });
    expect(latches.failureBefore("refused", 2)).toBe(second);
    expect(latches.failureBefore("k1999", 2_000)).toMatchObject({ code: "TIMEOUT", ambiguous: false });
  });

  test("an outage of another minute has an error of its own", () => {
    expect(latchMany(2_100, (nth) => Math.floor(nth / 100) * 60_000)).toBe(999 + 12);
  });
});
