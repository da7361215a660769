import { expect, test } from "vitest";
import { beginWith, longestFirst } from "./longest-first.ts";

test("long files come first in the order of their list, and the others stay as they are", () => {
  const files = ["d", "b", "c", "a"].map((moduleId) => ({ moduleId }));
  const order = beginWith(["a", "b", "absent"], files).map(({ moduleId }) => moduleId);
  expect(order).toEqual(["a", "b", "d", "c"]);
});

test("a long file that has moved is named", () => {
  expect(() => longestFirst(["tooling/longest-first.ts"])).not.toThrow();
  expect(() => longestFirst(["tooling/no-such.test.ts"])).toThrow("no-such.test.ts is not there");
});
