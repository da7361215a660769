import { expect, test } from "vitest";

import { durationToMs, parseDuration } from "./duration.ts";

test.each([
  ["0ms", 0],
  ["500ms", 500],
  ["30s", 30_000],
  ["1.5s", 1_500],
  ["5m", 300_000],
  ["2h", 7_200_000],
  ["7d", 604_800_000],
  ["0.0004s", 0],
])("%s is %i ms", (text, ms) => {
  expect(durationToMs(text)).toBe(ms);
  expect(parseDuration(text)).toBe(text);
});

test.each([
  "",
  "5",
  "s",
  "-5s",
  "5 s",
  " 5s",
  "5S",
  "5sec",
  "1e3s",
  "1,5s",
  ".5s",
  "5.s",
  "NaNs",
  "Infinitys",
  `${"9".repeat(400)}s`,
])("%j is no duration", (text) => {
  expect(() => durationToMs(text, "delay")).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("delay: expected a duration"),
    }),
  );
  expect(() => parseDuration(text)).toThrow(/INVALID_ARGUMENT/);
});

test.each([
  [5, "number 5"],
  [null, "object null"],
  [undefined, "undefined"],
])("%o is named as what it is", (value, what) => {
  expect(() => durationToMs(value as never)).toThrow(`got ${what}`);
});
