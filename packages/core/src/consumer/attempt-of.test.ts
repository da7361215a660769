import { expect, test } from "vitest";
import { RESERVED } from "../message/attributes.ts";
import { attemptOf } from "./attempt-of.ts";

test.each([
  ["is the first where the service cannot tell", undefined, undefined, 1],
  ["is what the service counted", 4, undefined, 4],
  ["comes after those of the copies before it", 1, "3", 4],
  ["comes after those also where the service cannot tell", undefined, "2", 3],
  ["is not lowered by an attribute", 2, "-1", 2],
  ["is not changed by zero", 2, "0", 2],
  ["is not spoiled by what is no whole number", 2, "1.5", 2],
  ["is not spoiled by what is no number", 2, "many", 2],
  ["is not spoiled by what is beyond counting", 2, "1e300", 2],
])("an attempt %s", (_claim, deliveryCount, earlier, attempt) => {
  const attributes = earlier === undefined ? {} : { [RESERVED.attempts]: earlier };
  expect(attemptOf({ attributes, ...(deliveryCount === undefined ? {} : { deliveryCount }) })).toBe(attempt);
});
