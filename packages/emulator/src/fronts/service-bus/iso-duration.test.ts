import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FOREVER_MS } from "./engine/entity-settings.ts";
import { formatDuration, parseDuration } from "./iso-duration.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

describe("durations of ISO 8601", () => {
  test.each([
    ["PT1M", MINUTE_MS],
    ["PT60S", MINUTE_MS],
    ["PT0S", 0],
    ["PT0.5S", 500],
    ["PT5.0000001S", 5000.0001],
    ["P1D", DAY_MS],
    ["P14DT2H3M4S", 14 * DAY_MS + 2 * 3_600_000 + 3 * MINUTE_MS + 4000],
    ["P1Y1M", 395 * DAY_MS],
    ["-PT1M", -MINUTE_MS],
    ["P10675199DT2H48M5.4775807S", FOREVER_MS],
    ["P99999999D", FOREVER_MS],
  ])("%s is understood", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    "",
    "P",
    "PT",
    "P1DT",
    "1M",
    "PT1",
    "PT1H1H",
    "PTS",
    "P1W",
    "00:01:00",
    "PT1M ",
    "pt1m",
    "P-1D",
  ])("%j is none", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test.each([
    [0, "PT0S"],
    [500, "PT0.5S"],
    [MINUTE_MS, "PT1M"],
    [90 * MINUTE_MS, "PT1H30M"],
    [DAY_MS, "P1D"],
    [DAY_MS + 1000, "P1DT1S"],
    [FOREVER_MS, "P10675199DT2H48M5.4775807S"],
  ])("%d ms is written in its shortest form", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test("a written document is read back unchanged", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 * DAY_MS }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});
