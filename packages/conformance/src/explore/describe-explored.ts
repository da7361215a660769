import { describeVerdict } from "../history/describe-verdict.ts";
import type { Explored } from "./explore-seed.ts";

/** What a person needs of a failed run: how to repeat it, what broke, the smallest counter-example. */
export function describeExplored({ schedule, verdict }: Explored): string {
  return [
    `${verdict.verdict}; to run it again: pnpm explore ${schedule.seed}`,
    ...describeVerdict(verdict),
  ].join("\n");
}
