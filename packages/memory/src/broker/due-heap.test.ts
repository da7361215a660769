import fc from "fast-check";
import { expect, test } from "vitest";
import { DueHeap, type Due } from "./due-heap.ts";

function item(sequence: number): Due {
  return { sequence, dueAtMs: Number.POSITIVE_INFINITY, dueIndex: -1 };
}

test("gives items back in order of time, equal times in order of sending", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(10), { maxLength: 50 }), (times) => {
      const heap = new DueHeap<Due>();
      const items = times.map((dueAtMs, sequence) => ({ dueAtMs, it: item(sequence) }));
      for (const { it, dueAtMs } of items) heap.set(it, dueAtMs);
      const expected = items
        .toSorted((a, b) => a.dueAtMs - b.dueAtMs || a.it.sequence - b.it.sequence)
        .map(({ it }) => it.sequence);
      const taken: number[] = [];
      for (let next = heap.takeDue(10); next !== undefined; next = heap.takeDue(10))
        taken.push(next.sequence);
      expect(taken).toEqual(expected);
      expect(heap.nextAtMs).toBe(Number.POSITIVE_INFINITY);
    }),
  );
});

test("keeps its order when items move and leave", () => {
  const change = fc.record({ index: fc.nat(19), dueAtMs: fc.option(fc.nat(100), { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 100 }), (changes) => {
      const heap = new DueHeap<Due>();
      const items = Array.from({ length: 20 }, (_, index) => item(index));
      const times = new Map<Due, number>();
      for (const { index, dueAtMs } of changes) {
        const chosen = items[index];
        if (chosen === undefined) continue;
        if (dueAtMs === undefined) {
          heap.delete(chosen);
          times.delete(chosen);
        } else {
          heap.set(chosen, dueAtMs);
          times.set(chosen, dueAtMs);
        }
        expect(heap.nextAtMs).toBe(Math.min(Number.POSITIVE_INFINITY, ...times.values()));
        expect(heap.size).toBe(times.size);
      }
    }),
  );
});

test("gives nothing before its time", () => {
  const heap = new DueHeap<Due>();
  const only = item(1);
  heap.set(only, 10);

  expect(heap.takeDue(9)).toBeUndefined();
  expect(heap.takeDue(10)).toBe(only);
  expect(only.dueIndex).toBe(-1);
});
