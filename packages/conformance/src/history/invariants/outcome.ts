import {
  isConfirmed,
  isPerhapsDeleted,
  isUnanswered,
  settledAs,
  type Handover,
  type HistoryIndex,
  type Story,
} from "../history-index.ts";
import { movesTakenBack, possibleCopies } from "../possible-copies.ts";
import type { HistoryEvent } from "../history-event.ts";
import { diedAt } from "../redrives.ts";
import { expiresAt, isPerhapsExpired } from "../message-times.ts";
import {
  isAckUnsure,
  isCopiedUnread,
  isCopyUnsure,
  isSecondDelivery,
  isTakenBack,
} from "../what-was-done.ts";
import { judged, nanoseconds, type Finding, type HistoryPromises, type Invariant } from "../invariant.ts";

export const completeDeadLetters: Invariant = {
  id: "I-11",
  title: "whatever was given up is a dead letter once, with its reason, and nothing else is",
  check: (index, promises) =>
    judged([...index.stories.values()].flatMap((story) => deadLetterFaults(story, index, promises))),
};

function deadLetterFaults(story: Story, index: HistoryIndex, promises: HistoryPromises): readonly Finding[] {
  const { mid, deadLetters, handovers } = story;
  const dead = handovers.filter(
    (handover) => isGivenUp(handover, promises) || isCopiedUnread(story, handover),
  );
  const copies = new Set(deadLetters.map(({ bid }) => bid)).size;
  if (copies === 0) {
    // A failed try is repeated; only a confirmed one must be found.
    const sure = dead.filter(
      (handover) => settledAs(handover, "dead") !== undefined && !isExpiredUnread(story, handover, promises),
    );
    return hasUnmoved(sure, story) ? [{ mid, text: "the message was given up and is no dead letter" }] : [];
  }
  if (dead.length === 0 && handovers.length > 0)
    return [{ mid, text: "a dead letter that nobody had given up" }];
  if (deadLetters.some(({ reason }) => reason === undefined))
    return [{ mid, text: "a dead letter without a reason" }];
  const unsure = dead.filter(
    (handover) =>
      handover.brokenAt < Number.POSITIVE_INFINITY ||
      isUnsure(handover, story, index) ||
      (promises.redeliversFollowers && isTakenBack(story, handover, index.stories.values())),
  );
  const takenBack = promises.redeliversFollowers ? movesTakenBack(story, index.stories.values()) : 0;
  const allowed = possibleCopies(story) + unsure.length + takenBack;
  return copies > allowed ? [{ mid, text: `${copies} dead letters of one message, allowed ${allowed}` }] : [];
}

/** True if fewer dead letters were moved back than were made. A move takes one; what the service itself moved, any. */
function hasUnmoved(dead: readonly Handover[], story: Story): boolean {
  const { moves, redrives } = story;
  const deaths = new Set(dead.map((handover) => diedAt(handover, story) ?? handover.handedAt));
  return [...deaths].some((from) => {
    if (redrives.some(({ to }) => to >= from)) return false;
    const made = [...deaths].filter((t) => t >= from).length;
    return made > moves.filter(({ to }) => to >= from).length;
  });
}

function isGivenUp({ deliver, end, settles }: Handover, { attempts }: HistoryPromises): boolean {
  if (end?.result === "dead" || settles.some(({ kind }) => kind === "dead")) return true;
  const isLast = attempts !== undefined && (deliver.attempt ?? 1) >= attempts;
  return (
    isLast &&
    (end === undefined || end.result === "throw" || end.result === "retry" || end.result === "aborted")
  );
}

/** No handler saw it: what is settled when it has expired is acked, and no copy is made. */
function isExpiredUnread(story: Story, { start, settles }: Handover, { slackMs }: HistoryPromises): boolean {
  const from = expiresAt(story) - nanoseconds(slackMs);
  return start === undefined && settles.some(({ t }) => t >= from);
}

/** The copy may have been made although nobody was told. */
function isUnsure(handover: Handover, story: Story, { deaths }: HistoryIndex): boolean {
  const { deliver, end, settles } = handover;
  // It was given up and yet given back: the copy seemed to fail.
  const isGivenBack = end?.result === "dead" && settles.some(({ kind }) => kind === "release");
  return (
    isGivenBack ||
    isCopyUnsure(story, handover) ||
    deaths.has(deliver.proc) ||
    isUnanswered(settles) ||
    settles.some(({ type }) => type === "settle.info" || type === "settle.lost" || type === "settle.fail")
  );
}

export const conservation: Invariant = {
  id: "I-12",
  title: "a confirmed message ends in one place: acked, a dead letter, or still in its queue",
  check: (index, promises) =>
    judged(
      [...index.stories.values()].flatMap((story): readonly Finding[] => {
        if (!isConfirmed(story)) return [];
        const places = [
          isAckedForSure(story, promises),
          story.deadLetters.length > 0,
          story.leftovers.length > 0,
        ];
        const count = places.filter(Boolean).length;
        const isExcused =
          (promises.redeliversFollowers &&
            story.handovers.some(({ deliver }) => deliver.key !== undefined)) ||
          possibleCopies(story) > 1 ||
          hasSecondDelivery(story, nanoseconds(promises.slackMs)) ||
          story.handovers.some((one) => isGivenUp(one, promises) && isUnsure(one, story, index));
        if (count <= 1 || isExcused) return [];
        const names = ["acked", "a dead letter", "in its queue"].filter((_, place) => places[place]);
        return [{ mid: story.mid, text: `the message is ${names.join(" and ")} at once` }];
      }),
    ),
};

/** Where late acks are taken without a word, some may have had no effect. */
function isAckedForSure(story: Story, { lateAcks }: HistoryPromises): boolean {
  return story.handovers.some((handover) => {
    const ack = settledAs(handover, "ack");
    return ack !== undefined && !(lateAcks && isAckUnsure(ack, handover, story.handovers));
  });
}

function hasSecondDelivery({ handovers }: Story, slack: number): boolean {
  return handovers.some((one, place) =>
    handovers.slice(place + 1).some((other) => isSecondDelivery([one, other], handovers, slack)),
  );
}

export const progress: Invariant = {
  id: "I-13",
  title:
    "after the last fault work goes on within the recovery time, nothing stalls, and drains end in their time",
  check(index, { recoveryMs, drainMs, finishes }) {
    const { events, handovers } = index;
    const findings: Finding[] = [];
    const healed = events.findLast(({ type }) => type === "fault.stop");
    if (healed !== undefined && recoveryMs !== undefined && hasWorkAfter(index, healed.t)) {
      const ends = handovers.filter(({ isHandled }) => isHandled).map(({ end }) => end?.t ?? 0);
      const successAt = Math.min(Number.POSITIVE_INFINITY, ...ends.filter((t) => t >= healed.t));
      const tookMs = (successAt - healed.t) / 1_000_000;
      if (tookMs > recoveryMs) {
        const took = Number.isFinite(tookMs) ? `${Math.round(tookMs)} ms` : "for ever";
        findings.push({
          text: `the first success after the last fault took ${took}, allowed ${recoveryMs} ms`,
        });
      }
    }
    if (drainMs !== undefined) findings.push(...slowDrains(events, drainMs));
    if (finishes) findings.push(...stalled(index));
    return judged(findings);
  },
};

function hasWorkAfter(index: HistoryIndex, t: number): boolean {
  return [...index.stories.values()].some(
    (story) =>
      isConfirmed(story) &&
      story.deadLetters.length === 0 &&
      !isPerhapsDeleted(story, index) &&
      !isPerhapsExpired(story, index) &&
      !story.handovers.some(({ isHandled, end }) => isHandled && (end?.t ?? Number.POSITIVE_INFINITY) < t),
  );
}

function stalled({ stories }: HistoryIndex): readonly Finding[] {
  const left = [...stories.values()].filter((story) => isConfirmed(story) && story.leftovers.length > 0);
  return left.map(({ mid }) => ({ mid, text: "the message was still in its queue when all should be done" }));
}

function slowDrains(events: readonly HistoryEvent[], drainMs: number): readonly Finding[] {
  return events.flatMap((start): readonly Finding[] => {
    if (start.type !== "drain.start") return [];
    const end = events.find(
      (event) => event.type === "drain.end" && event.dest === start.dest && event.t >= start.t,
    );
    if (end !== undefined && end.t - start.t <= nanoseconds(drainMs)) return [];
    return [{ text: `the drain of ${start.dest} did not end within ${drainMs} ms`, evidence: [start] }];
  });
}

export const truthfulShutdown: Invariant = {
  id: "I-14",
  title: "what a consumer reports at its close is what happened, and nothing happens after",
  check: (index) =>
    judged(index.events.flatMap((event) => (event.type === "consumer.close" ? untrue(event, index) : []))),
};

function untrue(close: HistoryEvent<"consumer.close">, { handovers }: HistoryIndex): readonly Finding[] {
  const own = handovers.filter(
    ({ deliver }) => deliver.proc === close.proc && deliver.consumer === close.consumer,
  );
  const done = own.filter((one) => settledAs(one, "ack") ?? settledAs(one, "dead")).length;
  const running = own.filter(
    ({ start, end, lostAt = Infinity }) =>
      start !== undefined &&
      start.t < close.t &&
      (end?.t ?? Infinity) > close.t &&
      // What an application pulled and lost is nobody's: the consumer has no handler that could go on.
      !(start.isPulled === true && lostAt < close.t),
  );
  // A lost answer may have been a success; a consumer may count it either way.
  const unsure = own.filter((one) => isPerhapsDone(one)).length;
  // Nor does a consumer count confirmations after it gave up the lease, when told or by its own clock.
  const late = own.filter((one) => isConfirmedAfterLoss(one)).length;
  const { handled, abandoned } = close.report;
  const findings: Finding[] = [];
  if (handled < done - late || handled > done + unsure)
    findings.push({ text: `${close.consumer} reports ${handled} handled, it was ${done}` });
  if (abandoned !== running.length) {
    findings.push({ text: `${close.consumer} reports ${abandoned} abandoned, it was ${running.length}` });
  }
  const after = own.find(({ deliver, start, settles }) =>
    [deliver, ...(start === undefined ? [] : [start]), ...settles].some(({ t }) => t > close.t),
  );
  if (after !== undefined) {
    findings.push({ mid: after.deliver.mid, text: `${close.consumer} went on after its close` });
  }
  return findings;
}

function isConfirmedAfterLoss(handover: Handover): boolean {
  const confirmed = settledAs(handover, "ack") ?? settledAs(handover, "dead");
  return confirmed !== undefined && handover.leaseEnd <= confirmed.t;
}

function isPerhapsDone(handover: Handover): boolean {
  const { settles } = handover;
  const isSure = settledAs(handover, "ack") ?? settledAs(handover, "dead");
  return (
    isSure === undefined && settles.some(({ type, kind }) => type === "settle.info" && kind !== "release")
  );
}

export const boundedCost: Invariant = {
  id: "I-16",
  title: "requests per message, empty asks and renewals stay within their bounds",
  check(index, promises) {
    const { callsPerMessage, emptyAsksPerMinute } = promises;
    const confirmed = [...index.stories.values()].filter(isConfirmed).length;
    const costs = index.events.filter((event) => event.type === "cost");
    const findings: Finding[] = [];
    for (const [operation, allowed] of Object.entries(callsPerMessage)) {
      const calls = costs
        .filter((cost) => cost.operation === operation)
        .reduce((sum, cost) => sum + cost.calls, 0);
      if (calls > allowed * confirmed) {
        findings.push({
          text: `${calls} ${operation} requests for ${confirmed} messages, allowed ${allowed} each`,
        });
      }
    }
    for (const { operation, empty, durationMs, proc } of costs) {
      const perMinute = (empty * 60_000) / Math.max(durationMs, 1);
      if (emptyAsksPerMinute !== undefined && perMinute > emptyAsksPerMinute) {
        findings.push({ text: `${proc} made ${Math.round(perMinute)} empty ${operation} requests a minute` });
      }
    }
    return judged([
      ...findings,
      ...index.handovers.flatMap((handover) => excessRenewals(handover, promises)),
    ]);
  },
};

/** One renewal per interval, plus one for each that failed. */
function excessRenewals(handover: Handover, { renewEveryMs }: HistoryPromises): readonly Finding[] {
  if (renewEveryMs === undefined) return [];
  const { deliver, renews, settles, leaseEnd } = handover;
  const calls = renews.filter(({ type }) => type === "renew.invoke").length;
  const failed = renews.filter(({ type }) => type === "renew.fail").length;
  const heldUntil = Math.min(settles.at(-1)?.t ?? leaseEnd, leaseEnd);
  const allowed = Math.ceil((heldUntil - deliver.t) / nanoseconds(renewEveryMs)) + failed;
  return calls > allowed
    ? [{ mid: deliver.mid, text: `${calls} renewals of one lease, allowed ${allowed}` }]
    : [];
}
