import { describe, expect, test } from "vitest";
import { cellName, cellsOf, selectCells, type FaultKind } from "./cell.ts";

const KINDS: readonly FaultKind[] = [
  {
    name: "cut",
    rows: ["F-01"],
    stages: ["sqs", "sqs-fifo"],
    phases: ["send", "settle"],
    begin: () => undefined,
  },
  { name: "slow", rows: ["F-08"], stages: ["sqs"], phases: ["send"], begin: () => undefined },
];

describe("selecting cells", () => {
  test.each([
    [["sqs/cut/send"], ["sqs/cut/send"]],
    [["sqs/cut"], ["sqs/cut/send", "sqs/cut/settle"]],
    [["sqs*/*/send"], ["sqs/cut/send", "sqs-fifo/cut/send", "sqs/slow/send"]],
    [
      ["sqs-fifo", "*/slow"],
      ["sqs-fifo/cut/send", "sqs-fifo/cut/settle", "sqs/slow/send"],
    ],
    [["sq/cut/send"], []],
  ])("%j are %j", (patterns, names) => {
    expect(selectCells(cellsOf(KINDS), patterns).map(cellName)).toEqual(names);
  });
});
