import { expect, test } from "vitest";
import { nearestName } from "./nearest-name.ts";

test.each([
  ["upp", "up"],
  ["snd", "send"],
  ["--sqsport", "--sqs-port"],
  ["--jsn", "--json"],
])("%s was probably %s", (misspelt, meant) => {
  expect(nearestName(misspelt, ["up", "send", "tail", "--sqs-port", "--json", "--host"])).toBe(meant);
});

test("what resembles nothing has no suggestion", () => {
  expect(nearestName("completely-different", ["up", "send"])).toBeUndefined();
});
