import type { HistoryEvent } from "../history/history-event.ts";

/** True if every confirmed message has a confirmed ack or dead letter. */
export function isAllDone(events: readonly HistoryEvent[]): boolean {
  const open = new Map<string, string>();
  const done = new Set<string>();
  const byToken = new Map<string, string>();
  for (const event of events) {
    if (event.type === "send.invoke") open.set(event.op, event.mid);
    else if (event.type === "send.fail") open.delete(event.op);
    else if (event.type === "deliver") byToken.set(event.tok, event.mid);
    else if (event.type === "settle.ok" && event.kind !== "release") done.add(byToken.get(event.tok) ?? "");
  }
  const sure = events.flatMap((event) => (event.type === "send.ok" ? [open.get(event.op) ?? ""] : []));
  return sure.every((mid) => done.has(mid));
}
