import type { HistoryIndex, Send, Story } from "./history-index.ts";

const MS = 1_000_000;

/** Before this moment, no send of the message allows that it is handled; 0 if one of them has no delay. */
export function dueAt({ sends }: Story): number {
  return Math.min(...stored(sends).map(({ invoke }) => invoke.t + (invoke.delayMs ?? 0) * MS));
}

/** From this moment on, every confirmed message must have come, had it nobody before it. */
export function surelyDueAt({ sends }: Story): number {
  return Math.max(...stored(sends).map(({ invoke, endedAt }) => endedAt + (invoke.delayMs ?? 0) * MS));
}

/** When the last copy of the message may have expired at the earliest; Infinity if it lives on. */
export function expiresAt({ sends }: Story): number {
  // Of several sends with one deduplication id, the first one counts.
  const copies = Map.groupBy(stored(sends), ({ invoke }) => invoke.dedup ?? invoke.op);
  return latest(
    [...copies.values()].map((same) => Math.min(...same.map(({ invoke }) => endOf(invoke, invoke.t)))),
  );
}

/** When it has expired for sure; Infinity if nobody knows. */
export function surelyExpiredAt({ sends }: Story): number {
  return latest(
    stored(sends).map(({ invoke, outcome, endedAt }) =>
      outcome === "ok" ? endOf(invoke, endedAt) : Number.POSITIVE_INFINITY,
    ),
  );
}

/** True if the message may be gone because nobody took it in its time. */
export function isPerhapsExpired(story: Story, { events }: HistoryIndex): boolean {
  // A message that was moved back from the dead letters lives for good.
  if (story.moves.some(({ to }) => to < Number.POSITIVE_INFINITY)) return false;
  return expiresAt(story) <= (events.at(-1)?.t ?? 0);
}

function stored(sends: readonly Send[]): readonly Send[] {
  return sends.filter(({ outcome }) => outcome !== "fail");
}

function latest(moments: readonly number[]): number {
  return moments.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...moments);
}

function endOf({ delayMs = 0, ttlMs = Number.POSITIVE_INFINITY }: Send["invoke"], fromT: number): number {
  return fromT + (delayMs + ttlMs) * MS;
}
