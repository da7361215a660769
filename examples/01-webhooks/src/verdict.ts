import { isDeepStrictEqual } from "node:util";
import type { ProviderRun } from "./run-provider.ts";

/** Problems: lost messages, or providers that disagree about the webhooks' content. Empty if all is well. */
export function verdict(runs: readonly ProviderRun[]): readonly string[] {
  const lost = runs.reduce((sum, run) => sum + run.result.lost, 0);
  const agree = runs.every((run) => isDeepStrictEqual(run.aggregates, runs[0]?.aggregates));
  return [
    ...(lost > 0 ? [`${lost} messages were lost`] : []),
    ...(agree ? [] : ["the providers disagree about the aggregates"]),
  ];
}
