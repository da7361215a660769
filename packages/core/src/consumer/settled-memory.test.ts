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
