import { expect, test } from "vitest";
import { SeededRandom } from "./seeded-random.ts";

function take(seed: number, count: number): number[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, () => random.next());
}

test("the same seed gives the same numbers and another seed gives others", () => {
  expect(take(7, 20)).toEqual(take(7, 20));
  expect(take(7, 20)).not.toEqual(take(8, 20));
});

test("a restart begins the same numbers anew", () => {
  const random = new SeededRandom(7);
  const first = [random.next(), random.next()];
  random.restart();
  expect([random.next(), random.next()]).toEqual(first);
});

test("numbers are spread over [0, 1)", () => {
  const numbers = take(1, 10_000);
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  expect(mean).toBeCloseTo(0.5, 1);
});

test("shuffling keeps every element", () => {
  const items = Array.from({ length: 50 }, (_, index) => index);
  const shuffled = new SeededRandom(3).shuffled(items);
  expect(shuffled).not.toEqual(items);
  expect(shuffled.toSorted((left, right) => left - right)).toEqual(items);
});
