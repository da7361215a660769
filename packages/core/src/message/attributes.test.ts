import { expect, test } from "vitest";
import { isReserved, RESERVED, RESERVED_PREFIX, userAttributes } from "./attributes.ts";

test("every reserved name has the prefix, none is used twice", () => {
  const names = Object.values(RESERVED);
  expect(names.every((name) => name.startsWith(RESERVED_PREFIX))).toBe(true);
  expect(new Set(names).size).toBe(names.length);
});

test("a reserved name is recognised in any case, and only at the beginning", () => {
  expect(["aq-due", "AQ-anything", "Aq-"].every(isReserved)).toBe(true);
  expect(["x-aq-due", "aq", "aqueduct", ""].some(isReserved)).toBe(false);
});

test("the application sees its own attributes only, without a copy where nothing is hidden", () => {
  const own = { tenant: "a", traceparent: "00-1" };
  expect(userAttributes(own)).toBe(own);
  expect(userAttributes({ ...own, [RESERVED.due]: "1", "AQ-x": "2" })).toEqual(own);
});
