import type { HistoryVerdict } from "./check-history.ts";

/** The broken invariants, each with its smallest counter-example as a timeline in ms; empty if all held. */
export function describeVerdict({ invariants }: HistoryVerdict): readonly string[] {
  return invariants.flatMap(({ id, title, findings, found, verdict }) => {
    if (verdict !== "fail" && verdict !== "unknown") return [];
    const [first] = findings;
    const heading = `${id} ${title}: ${verdict === "unknown" ? "unknown" : `${found} found`}`;
    if (first === undefined) return [heading];
    const timeline = first.timeline.map(({ t, proc, type, op: _op, w: _w, ...members }) => {
      return `  ${(t / 1_000_000).toFixed(3)} ${proc} ${type} ${JSON.stringify(members)}`;
    });
    return [heading, `  ${first.mid ?? ""} ${first.text}`, ...timeline];
  });
}
