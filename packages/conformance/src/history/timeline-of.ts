import type { HistoryEvent } from "./history-event.ts";
import type { HistoryIndex } from "./history-index.ts";

/** All events of one message in chronological order, for a person to read. */
export function timelineOf(index: HistoryIndex, mid: string): readonly HistoryEvent[] {
  const story = index.stories.get(mid);
  if (story === undefined) return [];
  const operations = new Set(story.sends.map(({ invoke }) => invoke.op));
  const tokens = new Set(story.handovers.map(({ deliver }) => deliver.tok));
  const leases = new Set(story.handovers.map(({ deliver }) => deliver.lease));
  return index.events.filter((event) => {
    if ("mid" in event) return event.mid === mid;
    if ("tok" in event) return tokens.has(event.tok);
    if (event.type === "hand.out" || event.type === "lease.broken") return leases.has(event.lease);
    if (event.type.startsWith("redrive.")) return true;
    return event.type.startsWith("send.") && operations.has(event.op);
  });
}
