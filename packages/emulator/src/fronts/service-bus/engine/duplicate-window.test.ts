import { expect, test } from "vitest";
import { DuplicateWindow } from "./duplicate-window.ts";

test("remembers the first message of an id until its window ends", () => {
  const window = new DuplicateWindow();
  window.remember("a", 7, 1000);
  expect(window.find("a", 1999, 1000)).toBe(7);
  expect(window.find("a", 2000, 1000)).toBeUndefined();
});

test("obeys a window that has been shortened meanwhile", () => {
  const window = new DuplicateWindow();
  window.remember("a", 1, 0);
  window.remember("b", 2, 500);
  expect(window.find("b", 900, 10_000)).toBe(2);
  expect([window.find("a", 900, 600), window.find("b", 900, 600)]).toEqual([undefined, 2]);
});
