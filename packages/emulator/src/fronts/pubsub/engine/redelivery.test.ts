import { expect, test } from "vitest";
import { attemptsAllowed, backoffMs } from "./redelivery.ts";
import { durationOf } from "./resources.ts";

test.each([
  [1000, 60_000, 1, 1000],
  [1000, 60_000, 2, 2000],
  [1000, 60_000, 6, 32_000],
  [1000, 60_000, 7, 60_000],
  [1000, 60_000, 5000, 60_000],
  [0, 60_000, 9, 0],
  [500, 500, 3, 500],
])("between %i and %i ms the wait after failure %i is %i ms", (least, most, failures, waitMs) => {
  const policy = { minimumBackoff: durationOf(least), maximumBackoff: durationOf(most) };
  expect(backoffMs(policy, failures)).toBe(waitMs);
});

test("without a policy a message comes again at once; with half a policy the service's bounds apply", () => {
  expect(backoffMs(null, 3)).toBe(0);
  expect(backoffMs({ minimumBackoff: null, maximumBackoff: null }, 1)).toBe(10_000);
  expect(backoffMs({ minimumBackoff: null, maximumBackoff: null }, 99)).toBe(600_000);
});

test("a dead-letter policy allows five attempts unless it says more", () => {
  expect(attemptsAllowed(null)).toBeUndefined();
  expect(attemptsAllowed({ deadLetterTopic: "t", maxDeliveryAttempts: 0 })).toBe(5);
  expect(attemptsAllowed({ deadLetterTopic: "t", maxDeliveryAttempts: 9 })).toBe(9);
});
