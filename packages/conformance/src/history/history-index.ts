import type { HistoryEvent, SettleKind } from "./history-event.ts";
import { deathsIn, stillsIn, type Still } from "./process-times.ts";
import { byTime } from "./read-history.ts";
import { movesIn, redrivesIn, type Move } from "./redrives.ts";
import { shareRenewals } from "./share-renewals.ts";

/** How a send ended; `info` if its process died before it knew. */
export type SendOutcome = "ok" | "fail" | "info";

/** One call of `send`. */
export interface Send {
  readonly invoke: HistoryEvent<"send.invoke">;
  readonly outcome: SendOutcome;
  /** When the outcome was known; Infinity if never. */
  readonly endedAt: number;
}

/** One hand-over and everything that happened to it. */
export interface Handover {
  readonly deliver: HistoryEvent<"deliver">;
  /** When the service handed it out, or when it was read if there is no record of that. */
  readonly handedAt: number;
  /** True: the service has a record of it. */
  readonly isOnRecord: boolean;
  readonly start: HistoryEvent<"handle.start"> | undefined;
  readonly end: HistoryEvent<"handle.end"> | undefined;
  readonly abort: HistoryEvent<"handle.abort"> | undefined;
  /** True: its handler succeeded, perhaps after it was told to stop. */
  readonly isHandled: boolean;
  readonly settles: readonly SettleEvent[];
  readonly renews: readonly RenewEvent[];
  /** When the lease ended as far as its holder could know; Infinity if nobody knows. */
  readonly leaseEnd: number;
  /** The same without renewals that were confirmed too late: those may have had no effect. */
  readonly surelyUntil: number;
  /** When the holder was told that the lease is gone. */
  readonly lostAt: number | undefined;
  /** When the service broke the lease by its own record; Infinity if it did not. */
  readonly brokenAt: number;
}

/** An event of a settlement. */
export type SettleEvent = HistoryEvent<
  "settle.invoke" | "settle.ok" | "settle.lost" | "settle.fail" | "settle.info"
>;
/** An event of a renewal. */
export type RenewEvent = HistoryEvent<"renew.invoke" | "renew.ok" | "renew.lost" | "renew.fail">;

/** Everything that happened to one message, by the application's id. */
export interface Story {
  readonly mid: string;
  readonly sends: readonly Send[];
  /** In the order of handing out. */
  readonly handovers: readonly Handover[];
  readonly deadLetters: readonly HistoryEvent<"dlq.deliver">[];
  readonly leftovers: readonly HistoryEvent<"drain.deliver">[];
  /** Copies that went to the dead letters. */
  readonly copies: readonly HistoryEvent<"copy.invoke">[];
  /** Its dead letters that were sent to their queue again. */
  readonly moves: readonly Move[];
  /** When the service itself moved dead letters of any message. */
  readonly redrives: readonly Move[];
}

/** A history indexed by message, hand-over and process. */
export interface HistoryIndex {
  readonly events: readonly HistoryEvent[];
  readonly stories: ReadonlyMap<string, Story>;
  readonly handovers: readonly Handover[];
  /** When each process was killed by a signal that leaves it no time. */
  readonly deaths: ReadonlyMap<string, number>;
  /** When each process stood still, in chronological order. */
  readonly stills: ReadonlyMap<string, readonly Still[]>;
  readonly deletions: readonly HistoryEvent<"queue.deleted">[];
}

/** Indexes the events in one pass; they need not be sorted. */
export function indexHistory(unsorted: readonly HistoryEvent[]): HistoryIndex {
  const events = unsorted.toSorted(byTime);
  const handovers = collectHandovers(events);
  const outcomes = new Map<string, HistoryEvent<"send.ok" | "send.fail" | "send.info">>();
  for (const event of events) {
    if (event.type === "send.ok" || event.type === "send.fail" || event.type === "send.info") {
      outcomes.set(event.op, event);
    }
  }
  const redrives = redrivesIn(events);
  const moves = movesIn(events);
  const stories = new Map<string, MutableStory>();
  const storyOf = (mid: string): MutableStory => {
    let story = stories.get(mid);
    if (story === undefined) {
      story = {
        mid,
        sends: [],
        handovers: [],
        deadLetters: [],
        leftovers: [],
        copies: [],
        moves: [...(moves.get(mid) ?? [])],
        redrives: [...redrives],
      };
      stories.set(mid, story);
    }
    return story;
  };
  for (const event of events) {
    if (event.type === "send.invoke") storyOf(event.mid).sends.push(sendOf(event, outcomes.get(event.op)));
    else if (event.type === "dlq.deliver") storyOf(event.mid).deadLetters.push(event);
    else if (event.type === "drain.deliver") storyOf(event.mid).leftovers.push(event);
    else if (event.type === "copy.invoke") storyOf(event.mid).copies.push(event);
  }
  for (const handover of handovers) storyOf(handover.deliver.mid).handovers.push(handover);
  for (const { handovers: own } of stories.values()) own.sort((a, b) => a.handedAt - b.handedAt);
  return {
    events,
    stories,
    handovers,
    deaths: deathsIn(events),
    stills: stillsIn(events),
    deletions: events.filter((event) => event.type === "queue.deleted"),
  };
}

type MutableStory = {
  -readonly [Name in keyof Story]: Story[Name] extends readonly (infer Item)[] ? Item[] : Story[Name];
};

function sendOf(
  invoke: HistoryEvent<"send.invoke">,
  outcome: HistoryEvent<"send.ok" | "send.fail" | "send.info"> | undefined,
): Send {
  if (outcome === undefined) return { invoke, outcome: "info", endedAt: Number.POSITIVE_INFINITY };
  const kind = outcome.type === "send.ok" ? "ok" : outcome.type === "send.fail" ? "fail" : "info";
  return { invoke, outcome: kind, endedAt: outcome.t };
}

interface Draft {
  readonly deliver: HistoryEvent<"deliver">;
  /** From the service's record; undefined if there is none, or if it belongs to another delivery. */
  readonly recordedAt: number | undefined;
  start?: HistoryEvent<"handle.start">;
  end?: HistoryEvent<"handle.end">;
  abort?: HistoryEvent<"handle.abort">;
  readonly settles: SettleEvent[];
  readonly renews: RenewEvent[];
}

function collectHandovers(events: readonly HistoryEvent[]): readonly Handover[] {
  const drafts = new Map<string, Draft>();
  /** By lease; each record is for one delivery. */
  const records = new Map<string, number[]>();
  for (const event of events) {
    if (event.type === "hand.out") records.set(event.lease, [...(records.get(event.lease) ?? []), event.t]);
    if (event.type !== "deliver") continue;
    const recordedAt = records.get(event.lease ?? "")?.shift();
    drafts.set(event.tok, { deliver: event, recordedAt, settles: [], renews: [] });
  }
  for (const event of events) {
    if (!("tok" in event) || event.type === "deliver") continue;
    const draft = drafts.get(event.tok);
    if (draft === undefined) continue;
    if (event.type === "handle.start") draft.start ??= event;
    else if (event.type === "handle.end") draft.end ??= event;
    else if (event.type === "handle.abort") draft.abort ??= event;
    else if (isRenew(event)) draft.renews.push(event);
    else draft.settles.push(event);
  }
  shareRenewals([...drafts.values()]);
  const broken = new Map(
    events.toReversed().flatMap((event) => (event.type === "lease.broken" ? [[event.lease, event.t]] : [])),
  );
  const byHolder = Map.groupBy(drafts.values(), holderOf);
  return [...drafts.values()].map((draft) =>
    finish(draft, byHolder.get(holderOf(draft)) ?? [], broken.get(draft.deliver.lease ?? "")),
  );
}

/** The same for all hand-overs of a message to one process. */
function holderOf({ deliver: { proc, mid } }: Draft): string {
  return JSON.stringify([proc, mid]);
}

/**
 * An ack that was taken, or may have been, shows of a handler that was told to stop that it had done its
 * work. It may name a later hand-over of the message, which its process then did not run again.
 */
function isSuccess({ end, settles }: Draft, sameHolder: readonly Draft[]): boolean {
  if (end?.result !== "aborted") return end?.result === "ack";
  const unstarted = sameHolder.filter((one) => one.start === undefined).flatMap((one) => one.settles);
  const all = [...settles, ...unstarted.filter(({ t }) => t >= end.t)];
  const refused = new Set(all.filter(isRefusal).map(({ op }) => op));
  return all.some(({ kind, op }) => kind === "ack" && !refused.has(op));
}

function isRefusal({ type }: SettleEvent): boolean {
  return type === "settle.lost" || type === "settle.fail";
}

/** The event that requested the settlement with this answer. */
export function askedFor({ settles }: Handover, { op }: SettleEvent): SettleEvent | undefined {
  return settles.find((event) => event.type === "settle.invoke" && event.op === op);
}

function isRenew(event: SettleEvent | RenewEvent): event is RenewEvent {
  return event.type.startsWith("renew.");
}

function finish(draft: Draft, sameHolder: readonly Draft[], brokenAt = Number.POSITIVE_INFINITY): Handover {
  const { deliver, recordedAt, start, end, abort, settles, renews } = draft;
  const lost = [...renews, ...settles].find(({ type }) => type === "renew.lost" || type === "settle.lost");
  let leaseEnd = deliver.leaseUntil ?? Number.POSITIVE_INFINITY;
  let surelyUntil = leaseEnd;
  for (const renew of renews) {
    if (renew.type !== "renew.ok") continue;
    // An answer that arrives after the end that it tells of says nothing: until then the lease before was good,
    // unless its holder gave it up by then.
    const isGivenUp = abort?.reason === "LEASE_LOST" && abort.t <= renew.until;
    if (renew.until <= renew.t && renew.until < leaseEnd && !isGivenUp) continue;
    // A renewal requested in time may be confirmed late: the service renewed a lease that was good.
    const asked = renews.find(({ type, op }) => type === "renew.invoke" && op === renew.op) ?? renew;
    if (asked.t <= leaseEnd) leaseEnd = renew.until;
    if (renew.t <= surelyUntil) surelyUntil = renew.until;
  }
  if (lost !== undefined) leaseEnd = Math.min(leaseEnd, lost.t);
  return {
    deliver,
    handedAt: recordedAt ?? deliver.t,
    isOnRecord: recordedAt !== undefined,
    start,
    end,
    abort,
    isHandled: isSuccess(draft, sameHolder),
    settles,
    renews,
    leaseEnd,
    surelyUntil: Math.min(surelyUntil, leaseEnd),
    lostAt: lost?.t,
    brokenAt,
  };
}

/** The confirmed settlement of this kind for a hand-over. */
export function settledAs(handover: Handover, kind: SettleKind): SettleEvent | undefined {
  return handover.settles.find((event) => event.type === "settle.ok" && event.kind === kind);
}

/** True if one of its sends was confirmed. */
export function isConfirmed(story: Story): boolean {
  return story.sends.some(({ outcome }) => outcome === "ok");
}

/** True if one of its acks was confirmed. */
export function isAcked(story: Story): boolean {
  return story.handovers.some((handover) => settledAs(handover, "ack") !== undefined);
}

/** True if an answer is missing: a closed consumer or a dead process did not wait for it. */
export function isUnanswered(settles: readonly SettleEvent[]): boolean {
  const answered = new Set(settles.filter(({ type }) => type !== "settle.invoke").map(({ op }) => op));
  return settles.some(({ op }) => !answered.has(op));
}

/** When every copy may have gone with a deleted queue and was not handed out later; Infinity if never. */
export function goneAt({ sends, handovers }: Story, { deletions }: HistoryIndex): number {
  const lastAt = Math.max(...handovers.map(({ handedAt }) => handedAt));
  const ends = sends
    .filter(({ outcome }) => outcome !== "fail")
    .map(({ invoke }) => {
      const since = Math.max(invoke.t, lastAt);
      return (
        deletions.find(({ dest, t }) => dest === invoke.dest && since < t)?.t ?? Number.POSITIVE_INFINITY
      );
    });
  return Math.max(...ends);
}

/** True if the message may be gone with its queue. */
export function isPerhapsDeleted(story: Story, index: HistoryIndex): boolean {
  return goneAt(story, index) < Number.POSITIVE_INFINITY;
}
