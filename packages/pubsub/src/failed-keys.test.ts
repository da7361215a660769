import { expect, test } from "vitest";
import { FailedKeys } from "./failed-keys.ts";

test("what follows a message that is kept back until later is dropped: it comes again with the message", () => {
  const keys = new FailedKeys();
  keys.releasing("k", "m1", 60_000);
  keys.released("k", "m1", 5_000);
  expect(keys.judge("k", "m2", 4_999)).toBe("drop");
  expect(keys.judge("other", "m3", 4_999)).toBe("take");
  expect(keys.judge(undefined, "m4", 4_999)).toBe("take");
  expect(keys.judge("k", "m1", 5_010)).toBe("take");
  expect(keys.judge("k", "m2", 5_010)).toBe("take");
});

test("what comes while the request is out, or just after the message should have come, goes back at once", () => {
  const keys = new FailedKeys();
  keys.releasing("k", "m1", 60_000);
  expect(keys.judge("k", "m2", 10)).toBe("give-back");
  keys.released("k", "m1", 100);
  expect(keys.judge("k", "m2", 500)).toBe("give-back");
  // Somebody else has the message, and has settled it.
  expect(keys.judge("k", "m2", 1_100)).toBe("take");
});

test("a message that came again before the answer to its return stays there", () => {
  const keys = new FailedKeys();
  keys.releasing("k", "m1", 60_000);
  expect(keys.judge("k", "m1", 10)).toBe("take");
  keys.released("k", "m1", 60_000);
  expect(keys.judge("k", "m2", 20)).toBe("take");
});

test("a message that nobody got holds up what follows it, unless one before it does", () => {
  const keys = new FailedKeys();
  keys.lost("k", "m2", 60_000);
  expect(keys.judge("k", "m3", 10)).toBe("drop");
  keys.releasing("j", "m1", 60_000);
  keys.lost("j", "m2", 60_000);
  expect(keys.judge("j", "m1", 10)).toBe("take");
});
