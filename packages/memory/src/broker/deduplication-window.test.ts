import { expect, test } from "vitest";
import { DeduplicationWindow } from "./deduplication-window.ts";

test("knows an id until the window is over, and not at its end", () => {
  const window = new DeduplicationWindow(100);
  window.remember("a", 7, 0);

  expect(window.find("a", 99)).toBe(7);
  expect(window.find("a", 100)).toBeUndefined();
  expect(window.find("b", 0)).toBeUndefined();
});

test("lets the window begin anew for an id that is stored again", () => {
  const window = new DeduplicationWindow(100);
  window.remember("a", 1, 0);
  window.remember("a", 2, 150);

  expect(window.find("a", 200)).toBe(2);
});

test("does not keep ids whose window is over", () => {
  const window = new DeduplicationWindow(800);
  for (let ms = 0; ms < 10_000; ms += 1) window.remember(`id-${ms}`, ms, ms);

  expect(window.size).toBeLessThanOrEqual(900);
  expect(window.find("id-9999", 9_999)).toBe(9_999);
  expect(window.find("id-9300", 9_999)).toBe(9_300);
});
