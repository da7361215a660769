import fc from "fast-check";
import { expect, test } from "vitest";
import { TimerHeap, type HeapTimer } from "./timer-heap.ts";

function drain(heap: TimerHeap): HeapTimer[] {
  const popped: HeapTimer[] = [];
  for (let timer = heap.pop(); timer !== undefined; timer = heap.pop()) popped.push(timer);
  return popped;
}

test("pops timers by due time, and those of one moment in the order they were set", () => {
  const heap = new TimerHeap();
  const names: string[] = [];
  for (const [dueMs, name] of [
    [5, "e1"],
    [1, "a"],
    [5, "e2"],
    [3, "c"],
    [5, "e3"],
  ] as const) {
    heap.push(dueMs, () => names.push(name));
  }
  for (const timer of drain(heap)) timer.task();
  expect(names).toEqual(["a", "c", "e1", "e2", "e3"]);
});

test("a removed timer leaves at once and removing it again changes nothing", () => {
  const heap = new TimerHeap();
  const first = heap.push(1, () => undefined);
  const second = heap.push(2, () => undefined);
  heap.remove(first);
  heap.remove(first);
  expect(heap.size).toBe(1);
  expect(heap.peek()).toBe(second);
});

test("stays in order under any mix of pushes and removals", () => {
  // Only removals from large heaps move an element up: the one that fills the gap may belong higher.
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ push: fc.nat(1000) }) },
    { weight: 1, arbitrary: fc.record({ removeAt: fc.nat(100) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 300, size: "max" }), (steps) => {
      const heap = new TimerHeap();
      const alive: HeapTimer[] = [];
      for (const action of steps) {
        if ("push" in action) alive.push(heap.push(action.push, () => undefined));
        else for (const timer of alive.splice(action.removeAt, 1)) heap.remove(timer);
      }
      const expected = alive.toSorted((left, right) => left.dueMs - right.dueMs || left.order - right.order);
      expect(drain(heap)).toEqual(expected);
    }),
  );
});
