import { expect, test } from "vitest";
import { durationMs, isoDuration } from "./iso-duration.ts";

test.each([
  ["PT30S", 30_000],
  ["PT1M", 60_000],
  ["PT5M0.5S", 300_500],
  ["P1DT2H3M4S", 93_784_000],
  ["P14D", 1_209_600_000],
  ["P10675199DT2H48M5.4775807S", undefined],
  ["a minute", undefined],
  ["", undefined],
  [undefined, undefined],
])("%s is %s ms", (text, expected) => {
  expect(durationMs(text)).toBe(expected);
});

test.each([5_000, 60_000, 61_500, 300_000])("%i ms survive the round trip", (ms) => {
  expect(durationMs(isoDuration(ms))).toBe(ms);
});
