import fc from "fast-check";
import { expect, test } from "vitest";

import { Fifo } from "./fifo.ts";

const operation = fc.oneof(
  fc.record({ kind: fc.constant("push" as const), count: fc.integer({ min: 1, max: 1_500 }) }),
  fc.record({ kind: fc.constant("take" as const), count: fc.integer({ min: 1, max: 1_500 }) }),
  fc.record({ kind: fc.constant("takeMany" as const), count: fc.integer({ min: 0, max: 1_500 }) }),
  fc.record({ kind: fc.constant("pushFront" as const), count: fc.integer({ min: 0, max: 3 }) }),
);

test("behaves like an array at any length", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 12 }), (operations) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      let next = 0;
      for (const { kind, count } of operations) {
        const fresh = Array.from({ length: count }, () => (next += 1));
        if (kind === "pushFront") {
          fifo.pushFront(fresh);
          model.unshift(...fresh);
        }
        if (kind === "push") {
          for (const item of fresh) fifo.push(item);
          model.push(...fresh);
        }
        const many = kind === "takeMany" ? Math.min(count, model.length) : 0;
        expect(fifo.at(many)).toBe(model[many]);
        expect(fifo.takeMany(many)).toEqual(model.splice(0, many));
        const taken = kind === "take" ? fresh.map(() => fifo.take()) : [];
        expect(taken).toEqual(taken.map(() => model.shift()));
        expect(fifo.length).toBe(model.length);
        expect(fifo.peek()).toBe(model[0]);
      }
    }),
  );
});

test("an empty list gives nothing", () => {
  const fifo = new Fifo<string>();
  expect(fifo.take()).toBeUndefined();
  expect(fifo.peek()).toBeUndefined();
  expect(fifo.length).toBe(0);
});
