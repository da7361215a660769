import { expect, test } from "vitest";
import { cellName, cellsOf } from "./cell.ts";
import { FAULT_KINDS } from "./fault-kinds.ts";
import { FAULT_ROWS } from "./fault-rows.ts";

const ALL_ROWS = Array.from({ length: 36 }, (_, index) => `F-${String(index + 1).padStart(2, "0")}`);

test("every row of the fault matrix has a cell, or says where it is proved", () => {
  const covered = new Set(FAULT_KINDS.flatMap(({ rows }) => rows));

  expect(Object.keys(FAULT_ROWS)).toEqual(ALL_ROWS);
  expect(ALL_ROWS.filter((row) => covered.has(row) === (FAULT_ROWS[row]?.elsewhere !== undefined))).toEqual(
    [],
  );
});

test("no fault is a case of a row that there is none of", () => {
  const unknown = FAULT_KINDS.flatMap(({ rows }) => rows).filter((row) => !(row in FAULT_ROWS));

  expect(unknown).toEqual([]);
});

test("no two cells have one name", () => {
  const names = cellsOf(FAULT_KINDS).map(cellName);

  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});
