import { describeVerdict } from "../history/describe-verdict.ts";
import type { Explored } from "./explore-seed.ts";

/**
 * What a person needs of a failed run: how to repeat it, what broke, the smallest counter-example.
 *
 * @param flags what the command needs beside the seed
 */
export function describeExplored({ schedule, verdict }: Explored, flags = ""): string {
  const command = ["pnpm explore", schedule.seed, flags].join(" ").trimEnd();
  return [`${verdict.verdict}; to run it again: ${command}`, ...describeVerdict(verdict)].join("\n");
}
