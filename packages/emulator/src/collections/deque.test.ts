import { expect, test } from "vitest";
import { Deque } from "./deque.ts";

test("gives back in order what was put in, also after thousands", () => {
  const deque = new Deque<number>();
  const taken: (number | undefined)[] = [];
  for (let number = 0; number < 5000; number += 1) {
    deque.push(number);
    // With two in and one out, the dead head grows beyond the size at which it is cut off.
    if (number % 2 === 1) taken.push(deque.shift());
  }
  expect(deque.size).toBe(2500);
  expect(deque.at(0)).toBe(2500);
  while (deque.size > 0) taken.push(deque.shift());
  expect(taken).toEqual(Array.from({ length: 5000 }, (_, index) => index));
});

test("is empty when it is empty", () => {
  const deque = new Deque<string>();
  expect([deque.shift(), deque.at(0), deque.size]).toEqual([undefined, undefined, 0]);
  deque.push("a");
  deque.clear();
  expect(deque.size).toBe(0);
});
