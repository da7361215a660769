import type { HistoryEvent } from "./history-event.ts";
import type { Handover, Story } from "./history-index.ts";

/** From the first to the last moment at which dead letters may have been moved back to their queue. */
export interface Move {
  readonly from: number;
  /** Infinity if nobody knows. */
  readonly to: number;
}

/** What the service itself moved, and told nobody which messages. */
export function redrivesIn(events: readonly HistoryEvent[]): readonly Move[] {
  const redrives = events.filter(({ type }) => type.startsWith("redrive."));
  return [...Map.groupBy(redrives, ({ op }) => op).values()].flatMap(moveOf);
}

/** What was sent again and then removed from the dead letters, by message. */
export function movesIn(events: readonly HistoryEvent[]): ReadonlyMap<string, readonly Move[]> {
  const moves = Map.groupBy(
    events.filter(
      (event) => event.type === "move.invoke" || event.type === "move.ok" || event.type === "move.fail",
    ),
    ({ mid }) => mid,
  );
  const broken = new Set(events.flatMap((event) => (event.type === "lease.broken" ? [event.lease] : [])));
  const isSure = (event: HistoryEvent): boolean => event.type !== "move.ok" || !broken.has(event.lease ?? "");
  return new Map(
    [...moves].map(([mid, own]) => [
      mid,
      // Where late acks are taken without a word, a dead letter whose lease the service broke may have stayed.
      [...Map.groupBy(own, ({ op }) => op).values()].flatMap((all) => moveOf(all.filter(isSure))),
    ]),
  );
}

/** Of the events of one operation; nothing if it failed. */
function moveOf([asked, answer]: readonly HistoryEvent[]): readonly Move[] {
  if (asked === undefined || answer?.type === "move.fail" || answer?.type === "redrive.fail") return [];
  return [{ from: asked.t, to: answer?.t ?? Number.POSITIVE_INFINITY }];
}

/** All that may have moved a dead letter of this message. */
export function movesOf({ moves, redrives }: Story): readonly Move[] {
  return [...moves, ...redrives];
}

/** When a hand-over may have become a dead letter at the earliest; undefined if it did not. */
export function diedAt({ deliver, settles }: Handover, { copies }: Story): number | undefined {
  const own = copies.filter(({ proc }) => proc === deliver.proc);
  const dead = settles.find(({ kind }) => kind === "dead");
  // A copy is a dead letter before its original is gone, and a delivery without one completes the copy of an earlier one.
  const copied = own.find(({ t }) => t >= deliver.t) ?? (dead && own.at(-1));
  return copied === undefined ? dead?.t : Math.min(copied.t, dead?.t ?? copied.t);
}

/** True if a dead letter of the first moment was perhaps moved back by the second. */
export function isPerhapsMoved(deadAt: number, untilAt: number, story: Story): boolean {
  return movesOf(story).some(({ from, to }) => to >= deadAt && from <= untilAt);
}
