import { expect, test } from "vitest";
import { SettledMemory } from "./settled-memory.ts";

test("remembers up to its capacity and forgets the oldest first", () => {
  const memory = new SettledMemory(2);
  memory.add({ providerId: "a" });
  memory.add({ providerId: "b" });
  memory.add({ providerId: "a" }); // now the newest
  memory.add({ providerId: "c" });
  expect(["a", "b", "c"].map((id) => memory.has({ providerId: id }))).toEqual([true, false, true]);
  memory.delete({ providerId: "a" });
  expect(memory.has({ providerId: "a" })).toBe(false);
});

test("of one target knows nothing of another one's ids, and shares its capacity with it", () => {
  const memory = new SettledMemory(2);
  const [one, two] = [memory.of("one"), memory.of("two")];
  one.add({ providerId: "1" });
  expect([
    one.has({ providerId: "1" }),
    two.has({ providerId: "1" }),
    memory.of("one").has({ providerId: "1" }),
  ]).toEqual([true, false, true]);
  two.add({ providerId: "1" });
  two.add({ providerId: "2" });
  expect([one.has({ providerId: "1" }), two.has({ providerId: "1" }), two.has({ providerId: "2" })]).toEqual([
    false,
    true,
    true,
  ]);
  two.delete({ providerId: "1" });
  expect(two.has({ providerId: "1" })).toBe(false);
});

test("takes a message of the same number that arrived at another time for another one", () => {
  const memory = new SettledMemory();
  memory.add({ providerId: "1", enqueuedAtMs: 1_000 });
  expect(memory.has({ providerId: "1", enqueuedAtMs: 1_000 })).toBe(true);
  expect(memory.has({ providerId: "1", enqueuedAtMs: 2_000 })).toBe(false);
});
