import { expect, test } from "vitest";
import { Headroom } from "./headroom.ts";

test("grows with the settlements under way, while somebody waits for them, once a second", () => {
  const headroom = new Headroom();
  const at = (nowMs: number, settling: number, isStarved = true): number => {
    headroom.update({ settling, isStarved, nowMs });
    return headroom.size;
  };
  expect(at(0, 7, false)).toBe(0);
  expect(at(100, 7)).toBe(8);
  expect(at(200, 15)).toBe(8);
  expect(at(1_200, 15)).toBe(16);
  expect(at(2_300, 4)).toBe(16);
  expect(at(3_400, 90_000)).toBe(1_000);
});

test("shrinks when ten seconds pass that needed half of it or less", () => {
  const headroom = new Headroom();
  headroom.update({ settling: 64, isStarved: true, nowMs: 0 });
  expect(headroom.size).toBe(64);
  for (let nowMs = 500; nowMs <= 10_500; nowMs += 500)
    headroom.update({ settling: 3, isStarved: false, nowMs });
  // The first window saw 64.
  expect(headroom.size).toBe(64);
  for (let nowMs = 11_000; nowMs <= 21_000; nowMs += 500)
    headroom.update({ settling: 3, isStarved: false, nowMs });
  expect(headroom.size).toBe(4);
});

test("says when the size changed", () => {
  const headroom = new Headroom();
  expect(headroom.update({ settling: 2, isStarved: true, nowMs: 0 })).toBe(true);
  expect(headroom.update({ settling: 2, isStarved: true, nowMs: 5_000 })).toBe(false);
});

test("stays at zero where settlements hold up nothing", () => {
  const headroom = new Headroom();
  for (let nowMs = 0; nowMs < 60_000; nowMs += 250)
    headroom.update({ settling: nowMs % 2, isStarved: false, nowMs });
  expect(headroom.size).toBe(0);
});
