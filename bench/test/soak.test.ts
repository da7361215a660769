import { describe, expect, test } from "vitest";
import { growthPerMessage } from "../src/soak/growth.ts";
import type { Sample } from "../src/soak/messages.ts";
import { judgeSoak, soakTable } from "../src/soak/soak-report.ts";
import { Tally } from "../src/soak/tally.ts";

const ALL = { sent: 9_000, handled: 9_000, doubled: 0 };

describe("the growth of a heap", () => {
  test("is what stays of each message, whatever the beginning took", () => {
    const samples = samplesOf(9, (nth) => (nth < 3 ? 50_000_000 * (3 - nth) : 20_000_000 + nth * 100_000));
    expect(growthPerMessage(samples)).toBeCloseTo(100);
  });

  test("is none where the heap goes up and down", () => {
    expect(Math.abs(growthPerMessage(samplesOf(60, (nth) => 20_000_000 + (nth % 2) * 50_000)))).toBeLessThan(
      1,
    );
  });

  test("is unknown after two samples", () => {
    expect(growthPerMessage(samplesOf(2, () => 0))).toBeNaN();
  });
});

describe("a tally", () => {
  test("counts what was handled once and twice, in any order and any number", () => {
    const tally = new Tally();
    for (const number of [0, 70_000, 3, 70_000, 3, 3, 200_000]) {
      tally.sent();
      tally.handled(number);
    }
    expect(tally.counts()).toEqual({ sent: 7, handled: 4, doubled: 2 });
  });
});

describe("a soak", () => {
  const flat = samplesOf(30, () => 20_000_000);

  test("passes where nothing is lost or doubled and nothing stays", () => {
    const row = judgeSoak("sqs", ALL, flat);
    expect(row).toMatchObject({ lost: 0, heapBytesPerMessage: 0, verdict: "pass", rssMb: [90, 90] });
    expect(soakTable([row])).toContain("| sqs | 9,000 | 9,000 | 0 | 0 | 0 | 90 to 90 | pass |");
  });

  test.each([
    ["a message is lost", { ...ALL, handled: 8_999 }, flat],
    ["a message is handled twice", { ...ALL, doubled: 1 }, flat],
    ["nothing was sent", { sent: 0, handled: 0, doubled: 0 }, flat],
    ["each message leaves something", ALL, samplesOf(30, (nth) => 20_000_000 + nth * 3_000)],
    ["nobody measured", ALL, []],
  ])("fails where %s", (_, counts, samples) => {
    expect(judgeSoak("sqs", counts, samples).verdict).toBe("fail");
  });
});

/** A sample for every thousand messages. */
function samplesOf(count: number, heapBytes: (nth: number) => number): readonly Sample[] {
  return Array.from({ length: count }, (_, nth) => ({
    minute: nth,
    handled: nth * 1_000,
    heapBytes: heapBytes(nth),
    rssBytes: 90_000_000,
  }));
}
