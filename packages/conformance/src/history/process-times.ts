import type { HistoryEvent } from "./history-event.ts";

/** A period in which a process did nothing. */
export interface Still {
  readonly from: number;
  readonly to: number;
}

/** By process, in chronological order. */
export function stillsIn(events: readonly HistoryEvent[]): ReadonlyMap<string, readonly Still[]> {
  const stills = new Map<string, Still[]>();
  for (const event of events) {
    if (event.type === "proc.still") {
      const own = stills.get(event.of) ?? [];
      stills.set(event.of, own);
      own.push({ from: event.t, to: Number.POSITIVE_INFINITY });
    } else if (event.type === "proc.wake") {
      const last = stills.get(event.of)?.pop();
      if (last !== undefined) stills.get(event.of)?.push({ from: last.from, to: event.t });
    }
  }
  return stills;
}

/** When each process was killed by a signal that leaves it no time. */
export function deathsIn(events: readonly HistoryEvent[]): ReadonlyMap<string, number> {
  const deaths = new Map<string, number>();
  for (const event of events) {
    if (event.type === "proc.exit" && event.signal !== undefined) deaths.set(event.of, event.t);
  }
  return deaths;
}
