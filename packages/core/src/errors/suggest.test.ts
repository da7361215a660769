import { expect, test } from "vitest";
import { suggest } from "./suggest.ts";

test.each([
  ["endpiont", ["endpoint", "account"], "endpoint"],
  ["concurency", ["concurrency", "prefetch"], "concurrency"],
  ["Prefix", ["prefix", "queues"], "prefix"],
  ["queue", ["queues", "url"], "queues"],
  ["ulr", ["url", "prefix"], "url"],
  ["dead_letter", ["deadLetter"], "deadLetter"],
])("suggests for %s out of %j", (word, candidates, expected) => {
  expect(suggest(word, candidates)).toBe(expected);
});

test("suggests nothing that is not near, and nothing out of nothing", () => {
  expect(suggest("visibilityTimeout", ["lease", "retry"])).toBeUndefined();
  expect(suggest("x", [])).toBeUndefined();
  expect(suggest("", ["url"])).toBeUndefined();
});

test("counts two swapped neighbours as one slip", () => {
  expect(suggest("reyrt", ["retry"])).toBeUndefined();
  expect(suggest("rtery", ["retry"])).toBe("retry");
});

test("takes the nearest, and the first of equals", () => {
  expect(suggest("maxs", ["max", "maxi"])).toBe("max");
  expect(suggest("leasee", ["leases", "lease"])).toBe("leases");
});

test("does not take long over an absurdly long word", () => {
  expect(suggest("a".repeat(1_000_000), ["attempts"])).toBeUndefined();
});
