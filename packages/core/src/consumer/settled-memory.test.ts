import { expect, test } from "vitest";
import { SettledMemory } from "./settled-memory.ts";

test("remembers up to its capacity and forgets the oldest first", () => {
  const memory = new SettledMemory(2);
  memory.add("a");
  memory.add("b");
  memory.add("a"); // the youngest again
  memory.add("c");
  expect(["a", "b", "c"].map((id) => memory.has(id))).toEqual([true, false, true]);
  memory.delete("a");
  expect(memory.has("a")).toBe(false);
});

test("of one target knows nothing of another one's ids, and shares its capacity with it", () => {
  const memory = new SettledMemory(2);
  const [one, two] = [memory.of("one"), memory.of("two")];
  one.add("1");
  expect([one.has("1"), two.has("1"), memory.of("one").has("1")]).toEqual([true, false, true]);
  two.add("1");
  two.add("2");
  expect([one.has("1"), two.has("1"), two.has("2")]).toEqual([false, true, true]);
  two.delete("1");
  expect(two.has("1")).toBe(false);
});
