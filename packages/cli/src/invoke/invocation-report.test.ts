import { expect, test } from "vitest";
import { reportAsText } from "./invocation-report.ts";

test("what a function says of a message cannot write another line, or steer the terminal", () => {
  const line = reportAsText({
    requestId: "r-1",
    messageIds: ["m-1"],
    outcome: "error",
    failedIds: ["m-1"],
    error: "RangeError: no size \u001B[2J\rok",
    durationMs: 1,
  });
  expect(line).toContain("RangeError: no size \\u001b[2J\\u000dok");
});
