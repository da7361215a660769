import { seededRandom } from "@anyqueue/core/testing";
import { cellName, selectCells, type Cell } from "./cell.ts";
import { SHORT_FORM } from "./short-form.ts";

/** The options of a run. */
export interface RunRequest {
  readonly seed: number;
  /** Patterns of cells. If empty, all cells. */
  readonly only: readonly string[];
  readonly short: boolean;
  /** Repeats the cells in seeded order for so long. If absent, runs each once, in the matrix's order. */
  readonly minutes?: number | undefined;
}

/** A cell and its seed. */
export interface PlannedCell {
  readonly cell: Cell;
  readonly seed: number;
}

/** The cells that the options select. */
export function requestedCells(all: readonly Cell[], { only, short }: RunRequest): readonly Cell[] {
  const wanted = short ? all.filter((cell) => SHORT_FORM.includes(cellName(cell))) : all;
  return only.length === 0 ? wanted : selectCells(wanted, only);
}

/** The cells in the order of a run. With `minutes`, every round has another order and another seed. */
export function* plannedCells(cells: readonly Cell[], { seed, minutes }: RunRequest): Generator<PlannedCell> {
  if (minutes === undefined) {
    for (const cell of cells) yield { cell, seed };
    return;
  }
  for (let round = 0; cells.length > 0; round += 1) {
    for (const cell of shuffled(cells, seed + round)) yield { cell, seed: seed + round };
  }
}

function shuffled(cells: readonly Cell[], seed: number): readonly Cell[] {
  const random = seededRandom(seed);
  return cells
    .map((cell) => ({ cell, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ cell }) => cell);
}
