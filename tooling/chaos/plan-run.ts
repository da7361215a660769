import { seededRandom } from "@anyqueue/core/testing";
import { cellName, selectCells, type Cell } from "./cell.ts";
import { SHORT_FORM } from "./short-form.ts";

/** What a person asked for. */
export interface RunRequest {
  readonly seed: number;
  /** Patterns of cells; none: all. */
  readonly only: readonly string[];
  readonly short: boolean;
  /** Goes round and round in a seeded order for so long; absent: once, in the order of the matrix. */
  readonly minutes?: number | undefined;
}

/** A cell with the seed that it runs under. */
export interface PlannedCell {
  readonly cell: Cell;
  readonly seed: number;
}

/** The cells that a person asked for. */
export function requestedCells(all: readonly Cell[], { only, short }: RunRequest): readonly Cell[] {
  const wanted = short ? all.filter((cell) => SHORT_FORM.includes(cellName(cell))) : all;
  return only.length === 0 ? wanted : selectCells(wanted, only);
}

/** The order of a run: with `minutes` every round has another order and another seed. */
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
