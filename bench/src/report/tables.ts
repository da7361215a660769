import type { Measures } from "../scenario.ts";
import type { Goal, GoalResult, Rounds } from "./goals.ts";
import { median } from "./median.ts";

/** One line per goal: its text, target, result and verdict. */
export function goalTable(goals: readonly Goal[], results: readonly GoalResult[]): string {
  const rows = results.map((result) => {
    const goal = goals.find(({ id }) => id === result.id);
    const target = `${goal?.compare ?? ""} ${result.gate}`;
    const spread = `${short(result.median)} [${short(result.min)}–${short(result.max)}]`;
    return [goal?.text ?? result.id, target, spread, result.verdict];
  });
  return table(["goal", "target", "median [range]", "verdict"], rows);
}

/** One line for each goal below its floor. */
export function belowFloors(goals: readonly Goal[], results: readonly GoalResult[]): readonly string[] {
  return results
    .filter(({ isBelowFloor }) => isBelowFloor)
    .map(({ id, median: middle, min, max }) => {
      const { compare, floor, measure, scenario } = goals.find((goal) => goal.id === id) ?? {};
      const got = `${short(middle)} [${short(min)}–${short(max)}]`;
      return `${id} is below its floor: ${measure} of "${scenario}" ${compare} ${floor} was expected, not ${got}`;
    });
}

/** One line per scenario, with medians. */
export function scenarioTable(rounds: Rounds): string {
  const rows = [...rounds].map(([name, trials]) => [
    name,
    ...["messagesPerSecond", "cpuMicros", "requestsPerMessage", "rssMb", "stubLoad"].map((measure) =>
      cell(trials, measure),
    ),
  ]);
  return table(
    ["scenario", "messages/s", "CPU µs/message", "requests/message", "RSS MB", "stub's core"],
    rows,
  );
}

function cell(trials: readonly Measures[], measure: string): string {
  const values = trials.flatMap((trial) => trial[measure] ?? []);
  return values.length === 0 ? "" : short(median(values));
}

/** Formats a number with three significant digits, or as a whole number from 100 on. */
export function short(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(3)));
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
