import { expect, test } from "vitest";
import { RememberedIds } from "./remembered-ids.ts";

test("has what was added, however many, and nothing else", () => {
  const ids = new RememberedIds();
  const all = Array.from({ length: 5_000 }, (_, index) => String(index));
  for (const id of all) ids.add(id, Number(id));
  expect(ids.size).toBe(5_000);
  expect(all.filter((id) => !ids.has(id, Number(id)))).toEqual([]);
  expect([ids.has("5000", 5_000), ids.has("-1", -1)]).toEqual([false, false]);
});

test("tells apart what has one hash, and what shares the way to it", () => {
  const ids = new RememberedIds();
  for (const id of ["a", "b", "c"]) ids.add(id, -7);
  ids.add("d", -6);
  expect(["a", "b", "c"].every((id) => ids.has(id, -7))).toBe(true);
  expect([ids.has("d", -7), ids.has("d", -6), ids.has("e", -7)]).toEqual([false, true, false]);
});

test("forgets all at once, and remembers again", () => {
  const ids = new RememberedIds();
  for (let index = 0; index < 2_000; index += 1) ids.add(String(index), index);
  ids.clear();
  expect([ids.size, ids.has("7", 7)]).toEqual([0, false]);
  ids.add("7", 7);
  expect([ids.size, ids.has("7", 7), ids.has("8", 8)]).toEqual([1, true, false]);
});
