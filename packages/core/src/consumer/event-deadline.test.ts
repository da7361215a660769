import { expect, test } from "vitest";
import { eventDeadline } from "./event-deadline.ts";

test.each([
  ["a tenth", 60_000, undefined, { stopInMs: 54_000, graceMs: 3_000, replyMs: 1_500 }],
  ["one second at least", 3_000, undefined, { stopInMs: 2_000, graceMs: 500, replyMs: 250 }],
  ["ten seconds at most", 900_000, undefined, { stopInMs: 890_000, graceMs: 5_000, replyMs: 2_500 }],
  ["what was asked for", 60_000, 20_000, { stopInMs: 40_000, graceMs: 10_000, replyMs: 5_000 }],
  ["more than there is", 500, undefined, { stopInMs: -500, graceMs: 500, replyMs: 250 }],
])("the end of a call keeps free %s", (_what, leftMs, marginMs, expected) => {
  expect(eventDeadline(leftMs, marginMs)).toEqual(expected);
});
