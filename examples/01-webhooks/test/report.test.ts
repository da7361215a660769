import { expect, test } from "vitest";
import { progressBars } from "../src/report.ts";

test("a terminal shows every provider's bar, each drawn anew in its place", () => {
  const written: string[] = [];
  const progress = progressBars(["memory", "sqs"], 10, {
    isTTY: true,
    write: (text: string) => written.push(text) > 0,
  });

  progress("sqs", 5);

  expect(written).toHaveLength(2);
  const [first = "", second = ""] = written;
  expect(first.match(/ {3}0 %\n/g)).toHaveLength(2);
  expect(second.startsWith("\u001B[2A")).toBe(true);
  expect(second).toMatch(/memory .* 0 %\nsqs .* 50 %\n$/);
});

test("elsewhere each quarter is one line, the last one included", () => {
  const written: string[] = [];
  const progress = progressBars(["memory"], 8, {
    isTTY: false,
    write: (text: string) => written.push(text) > 0,
  });

  for (let done = 0; done <= 8; done += 1) progress("memory", done);

  expect(written.map((line) => line.trim().split(/\s+/).at(-2))).toEqual(["0", "25", "50", "75", "100"]);
});
