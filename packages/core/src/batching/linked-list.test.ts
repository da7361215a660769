import fc from "fast-check";
import { expect, test } from "vitest";

import { LinkedList, type Linked } from "./linked-list.ts";

interface Item extends Linked<Item> {
  readonly name: number;
}

const newItem = (name: number): Item => ({ name, previous: undefined, next: undefined });

test("behaves like a set, whatever is added and deleted", () => {
  const steps = fc.array(fc.record({ name: fc.nat(9), isAdded: fc.boolean() }), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (all) => {
      const items = Array.from({ length: 10 }, (_, name) => newItem(name));
      const list = new LinkedList<Item>();
      const model = new Set<Item>();
      for (const { name, isAdded } of all) {
        const item = items[name] ?? newItem(name);
        if (isAdded && !model.has(item)) list.add(item);
        if (isAdded) model.add(item);
        else list.delete(item);
        if (!isAdded) model.delete(item);
        expect(list.toArray()).toEqual([...model]);
        expect(list.first).toBe([...model][0]);
      }
    }),
  );
});

test("lets go of what is deleted, which can be added again", () => {
  const list = new LinkedList<Item>();
  const [a, b] = [newItem(1), newItem(2)];
  list.add(a);
  list.add(b);
  list.delete(a);
  list.delete(b);
  expect([a.next, b.previous, list.first]).toEqual([undefined, undefined, undefined]);
  list.add(b);
  list.add(a);
  expect(list.toArray().map(({ name }) => name)).toEqual([2, 1]);
});
