import { describe, expect, test } from "vitest";
import { cellName, cellsOf } from "./cell.ts";
import { FAULT_KINDS } from "./fault-kinds.ts";
import { plannedCells, requestedCells } from "./plan-run.ts";
import { SHORT_FORM } from "./short-form.ts";

const ALL = cellsOf(FAULT_KINDS);
const REQUEST = { seed: 3, only: [], short: false };

function firstOf(count: number, request: Parameters<typeof plannedCells>[1]): readonly string[] {
  const names: string[] = [];
  for (const { cell, seed } of plannedCells(ALL, request)) {
    if (names.length === count) break;
    names.push(`${cellName(cell)} ${seed}`);
  }
  return names;
}

describe("what is run", () => {
  test("the short form has only cells that there are", () => {
    const short = requestedCells(ALL, { ...REQUEST, short: true }).map(cellName);
    expect(short.toSorted()).toEqual(SHORT_FORM.toSorted());
  });

  test("without a time every cell runs once under the seed", () => {
    expect(firstOf(10_000, REQUEST)).toEqual(ALL.map((cell) => `${cellName(cell)} 3`));
  });

  test("with a time rounds follow each other, in another order and under another seed", () => {
    const names = firstOf(2 * ALL.length, { ...REQUEST, minutes: 1 });
    const [first, second] = [names.slice(0, ALL.length), names.slice(ALL.length)];
    expect(first.toSorted()).toEqual(ALL.map((cell) => `${cellName(cell)} 3`).toSorted());
    expect(second.toSorted()).toEqual(ALL.map((cell) => `${cellName(cell)} 4`).toSorted());
    expect(second.map((name) => name.slice(0, -2))).not.toEqual(first.map((name) => name.slice(0, -2)));
  });

  test("the same seed gives the same order", () => {
    const request = { ...REQUEST, minutes: 1 };
    expect(firstOf(50, request)).toEqual(firstOf(50, request));
  });
});
