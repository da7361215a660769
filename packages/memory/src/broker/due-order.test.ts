import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DueHeap } from "./due-heap.ts";
import { DueOrder, type DueInOrder } from "./due-order.ts";

interface Item extends DueInOrder<Item> {
  readonly sequence: number;
}

function item(sequence: number): Item {
  const dueAtMs = Number.POSITIVE_INFINITY;
  return { sequence, dueAtMs, dueIndex: -1, duePrevious: undefined, dueNext: undefined };
}

const KINDS = [
  ["a heap", () => new DueHeap<Item>()],
  ["a line and a heap", () => new DueOrder<Item>()],
] as const;

describe.each(KINDS)("%s", (_, make) => {
  test("gives items back in order of time, equal times in order of sending", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10), { maxLength: 50 }), (times) => {
        const due = make();
        const items = times.map((dueAtMs, sequence) => ({ dueAtMs, it: item(sequence) }));
        for (const { it, dueAtMs } of items) due.set(it, dueAtMs);
        const expected = items
          .toSorted((a, b) => a.dueAtMs - b.dueAtMs || a.it.sequence - b.it.sequence)
          .map(({ it }) => it.sequence);
        const taken: number[] = [];
        for (let next = due.takeDue(10); next !== undefined; next = due.takeDue(10))
          taken.push(next.sequence);
        expect(taken).toEqual(expected);
        expect(due.nextAtMs).toBe(Number.POSITIVE_INFINITY);
      }),
    );
  });

  test("keeps its order when items move and leave", () => {
    const change = fc.record({ index: fc.nat(19), dueAtMs: fc.option(fc.nat(100), { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 100 }), (changes) => {
        const due = make();
        const items = Array.from({ length: 20 }, (_, index) => item(index));
        const times = new Map<Item, number>();
        for (const { index, dueAtMs } of changes) {
          const chosen = items[index];
          if (chosen === undefined) continue;
          if (dueAtMs === undefined) {
            due.delete(chosen);
            times.delete(chosen);
          } else {
            due.set(chosen, dueAtMs);
            times.set(chosen, dueAtMs);
          }
          expect(due.nextAtMs).toBe(Math.min(Number.POSITIVE_INFINITY, ...times.values()));
          expect([...due.values()].length).toBe(times.size);
        }
      }),
    );
  });

  test("gives nothing before its time", () => {
    const due = make();
    const only = item(1);
    due.set(only, 10);

    expect(due.takeDue(9)).toBeUndefined();
    expect(due.takeDue(10)).toBe(only);
    expect(only.dueIndex).toBe(-1);
  });
});
