import { expect, test } from "vitest";
import { setOwn } from "./set-own.ts";

test("a member named __proto__ is an ordinary own one, and leaves the prototype alone", () => {
  const record: Record<string, unknown> = {};
  setOwn(record, "__proto__", { polluted: true });
  setOwn(record, "other", 1);
  expect(Object.entries(record)).toEqual([
    ["__proto__", { polluted: true }],
    ["other", 1],
  ]);
  expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
  setOwn(record, "__proto__", "again");
  expect({ ...record }).toEqual(JSON.parse('{"__proto__":"again","other":1}'));
});
