import { readFileSync } from "node:fs";
import type { Measures } from "../scenario.ts";
import { median } from "./median.ts";

export interface Goal {
  readonly id: string;
  readonly text: string;
  readonly scenario: string;
  /** If present, the measure is the ratio of `scenario` to this scenario, paired by round. */
  readonly anchor?: string;
  /** The name of a measure of a trial. */
  readonly measure: string;
  readonly compare: ">=" | "<=";
  readonly gate: number;
  /**
   * The value reached today, with a margin for a busy machine. `pnpm bench:ci` measures the goals that have a
   * floor and fails if even the best round misses it. A floor moves towards the goal and never back.
   */
  readonly floor?: number;
}

/** `near`: the median misses the gate, but the best round meets it. */
export type Verdict = "met" | "near" | "missed";

export interface GoalResult {
  readonly id: string;
  readonly measure: string;
  readonly gate: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly verdict: Verdict;
  /** True if even the best round is worse than the floor. */
  readonly isBelowFloor: boolean;
}

/** All rounds of each scenario by its name, in the same order for all scenarios. */
export type Rounds = ReadonlyMap<string, readonly Measures[]>;

export function readGoals(): readonly Goal[] {
  const text = readFileSync(new URL("../../goals.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly goals: readonly Goal[] }).goals;
}

/** The scenarios that the goals need, each once. */
export function scenariosOf(goals: readonly Goal[]): readonly string[] {
  return [
    ...new Set(
      goals.flatMap(({ scenario, anchor }) => (anchor === undefined ? [scenario] : [scenario, anchor])),
    ),
  ];
}

/** @throws if the rounds lack a scenario or a measure of the goal */
export function judge(goal: Goal, rounds: Rounds): GoalResult {
  const ours = valuesOf(goal.scenario, goal.measure, rounds);
  const theirs = goal.anchor === undefined ? undefined : valuesOf(goal.anchor, goal.measure, rounds);
  const values = ours.map((value, round) => value / (theirs?.[round] ?? 1));
  const middle = median(values);
  const min = Math.min(...values);
  const max = Math.max(...values);
  const best = goal.compare === ">=" ? max : min;
  const { id, measure, gate, floor } = goal;
  const meets = (value: number, bound: number): boolean =>
    goal.compare === ">=" ? value >= bound : value <= bound;
  const verdict = meets(middle, gate) ? "met" : meets(best, gate) ? "near" : "missed";
  const isBelowFloor = floor !== undefined && !meets(best, floor);
  return { id, measure, gate, median: middle, min, max, verdict, isBelowFloor };
}

function valuesOf(scenario: string, measure: string, rounds: Rounds): readonly number[] {
  const trials = rounds.get(scenario);
  if (trials === undefined) throw new Error(`scenario "${scenario}" was not run`);
  return trials.map((trial) => {
    const value = trial[measure];
    if (value === undefined) throw new Error(`scenario "${scenario}" has no measure "${measure}"`);
    return value;
  });
}
