import { describeExplored } from "../../src/explore/describe-explored.ts";
import type { Explored } from "../../src/explore/explore-seed.ts";

/** A failing seed prints everything that is needed to run it again. */
export function outcomeOf(explored: Explored): string {
  return explored.verdict.verdict === "pass" ? "pass" : describeExplored(explored);
}
