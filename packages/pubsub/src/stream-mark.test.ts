import { expect, test } from "vitest";
import { StreamMark } from "./stream-mark.ts";

test("what a stream brings was sent after the stream was opened, and after what came before it was published", () => {
  const mark = new StreamMark(1, 100);
  const [nowMs, wallMs] = [500, 10_500];
  const times = [10_050, 10_300, 10_200, undefined];
  expect(times.map((publishedAtMs) => mark.pass(publishedAtMs, nowMs, wallMs))).toEqual([100, 300, 300, 300]);
});

test("a message from the future proves nothing: the clocks disagree", () => {
  const mark = new StreamMark(1, 100);
  expect(mark.pass(10_501, 500, 10_500)).toBe(100);
});
