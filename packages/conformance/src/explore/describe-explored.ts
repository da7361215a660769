import type { Explored } from "./explore-seed.ts";

/** What a person needs of a run that failed: how to run it again, what broke, and the smallest counter-example. */
export function describeExplored({ schedule, verdict }: Explored): string {
  const lines = [`${verdict.verdict}; to run it again: pnpm explore ${schedule.seed}`];
  for (const { id, title, findings, found, verdict: one } of verdict.invariants) {
    if (one !== "fail" && one !== "unknown") continue;
    lines.push(`${id} ${title}: ${found} found`);
    const [first] = findings;
    if (first === undefined) continue;
    lines.push(`  ${first.mid ?? ""} ${first.text}`);
    for (const { t, proc, type, op: _op, w: _w, ...members } of first.timeline) {
      lines.push(`  ${(t / 1_000_000).toFixed(3)} ${proc} ${type} ${JSON.stringify(members)}`);
    }
  }
  return lines.join("\n");
}
