import { deepEqual } from "node:assert";
import fc from "fast-check";
import { expect, test } from "vitest";

import { isPlainJson } from "./plain-json.ts";

test("what passes is the same after its round trip", () => {
  fc.assert(
    fc.property(fc.anything({ withDate: true, withMap: true, withNullPrototype: true }), (value) => {
      fc.pre(isPlainJson(value));
      // Not `deepStrictEqual`, because JSON turns -0 into 0.
      expect(() => deepEqual(JSON.parse(JSON.stringify(value)), value)).not.toThrow();
    }),
  );
});

test("every JSON value passes", () => {
  fc.assert(
    fc.property(fc.json(), (source) => {
      const value: unknown = JSON.parse(source);
      expect(isPlainJson(value)).toBe(!source.includes("toJSON"));
    }),
  );
});

const sparse: unknown[] = [];
sparse[1] = 1;

test.each([
  ["an undefined property", { a: undefined }],
  ["a hole", sparse],
  ["undefined in an array", [undefined]],
  ["an array with a name of its own", Object.assign([1], { name: "a" })],
  ["a hole and a name of its own", Object.assign([...sparse.slice(0, 0)], { length: 1, name: "a" })],
  ["an array of another kind", new (class Lines extends Array<number> {})()],
  ["NaN", { a: [Number.NaN] }],
  ["a date", { at: new Date(0) }],
  ["an instance", new Error("an instance")],
  ["an object without a prototype", Object.create(null)],
  ["a hidden toJSON", Object.defineProperty({}, "toJSON", { value: () => 5 })],
  ["a function", { run: () => 1 }],
  ["a symbol", Symbol("a")],
  ["a bigint", 1n],
])("%s needs a closer look", (_name, value) => {
  expect(isPlainJson(value)).toBe(false);
});

test.each([
  ["a property", { a: 1, b: { c: undefined } }, true],
  ["in an array", { a: [undefined] }, false],
  ["a hole", { a: sparse }, false],
  ["the body", undefined, false],
])("undefined as %s may be left out: %s", (_name, value, isPlain) => {
  expect(isPlainJson(value, "may leave out")).toBe(isPlain);
});

test("a value too deep for the call stack needs a closer look, which refuses it", () => {
  let value: unknown = 1;
  for (let depth = 0; depth < 100_000; depth += 1) value = depth % 2 === 0 ? { value } : [value];
  expect(isPlainJson(value)).toBe(false);
});
