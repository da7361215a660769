import {
  askedFor,
  declaredDuplicates,
  possibleCopies,
  settledAs,
  type Handover,
  type HistoryIndex,
  type Story,
} from "../history-index.ts";
import { judged, nanoseconds, type Finding, type HistoryPromises, type Invariant } from "../invariant.ts";

export const boundedDuplicates: Invariant = {
  id: "I-5",
  title:
    "a message is handled again only for a reason: a failure, a lost lease, a death, an unsure settlement or send",
  check: (index, promises) =>
    judged([...index.stories.values()].flatMap((story) => unjustified(story, index, promises))),
};

function unjustified(story: Story, index: HistoryIndex, promises: HistoryPromises): readonly Finding[] {
  const runs = story.handovers.filter(hasStarted);
  const copies = possibleCopies(story);
  let allowed = copies - 1 + declaredDuplicates(index);
  for (const [position, run] of runs.entries()) {
    const next = runs[position + 1];
    if (next === undefined || hasReason(run, next, index, promises)) continue;
    allowed -= 1;
    if (allowed < 0) {
      const evidence = [run.deliver, ...run.settles, next.deliver];
      return [{ mid: story.mid, text: `run ${position + 2} of the message has no reason`, evidence }];
    }
  }
  return [];
}

/** Runs in the order in which they began. */
function runsOf({ handovers }: Story): readonly Started[] {
  return handovers.filter(hasStarted).toSorted((a, b) => a.start.t - b.start.t);
}

type Started = Handover & { readonly start: NonNullable<Handover["start"]> };

function hasStarted(handover: Handover): handover is Started {
  return handover.start !== undefined;
}

function hasReason(
  run: Started,
  next: Started,
  { deaths, handovers }: HistoryIndex,
  promises: HistoryPromises,
): boolean {
  const { end, settles, deliver, leaseEnd } = run;
  const isAckConfirmed = settledAs(run, "ack") !== undefined;
  if (promises.redeliversFollowers && handovers.some((one) => isUndoneHead(one, run, next))) return true;
  if (isAckPending(run, next)) return false;
  if (end !== undefined && end.result !== "ack" && end.t <= next.start.t) return true;
  if (settles.some(({ kind, t }) => kind !== "ack" && t <= next.handedAt)) return true;
  // It was read only after the service had given up on it and handed it to somebody else.
  if (next.handedAt < deliver.t) return !isAckConfirmed || promises.lateAcks;
  // Its holder was told that the lease was gone: it may have counted from another time than the history.
  if (run.abort?.reason === LEASE_LOST && run.abort.t <= next.start.t + nanoseconds(promises.slackMs))
    return !isAckConfirmed || promises.lateAcks;
  // Its lease ended, so another hand-over was due whatever the outcome of this one.
  const leaseEndedAt = promises.lateAcks ? run.surelyUntil : leaseEnd;
  if (leaseEndedAt <= next.handedAt + nanoseconds(promises.slackMs)) {
    // An ack that is confirmed later had not taken effect by then.
    const isLate = (settledAs(run, "ack")?.t ?? 0) > next.start.t;
    return !isAckConfirmed || isLate || promises.lateAcks;
  }
  if (settles.some(({ type }) => UNSURE.has(type))) return true;
  const diedAt = deaths.get(deliver.proc) ?? Number.POSITIVE_INFINITY;
  return diedAt <= next.start.t && !isAckConfirmed;
}

/**
 * True: the consumer had handled the message, and its ack was unanswered when the lease ended. It acks the
 * redelivery instead of handling it. A service that ends a lease early may redeliver faster than it answers.
 */
function isAckPending(
  { deliver, leaseEnd, surelyUntil, settles }: Started,
  { deliver: again, start }: Started,
): boolean {
  if (surelyUntil > start.t) return false;
  const asked = settles.find(({ type, kind }) => type === "settle.invoke" && kind === "ack");
  const isSameConsumer =
    deliver.proc === again.proc && deliver.consumer === again.consumer && deliver.bid === again.bid;
  if (!isSameConsumer || asked === undefined || asked.t > Math.min(leaseEnd, start.t)) return false;
  return settles.every(({ type, op, t }) => type === "settle.invoke" || op !== asked.op || t > start.t);
}

/** Another message of the key was not done when redelivered: its followers come again, even acked ones. */
function isUndoneHead(head: Handover, { deliver }: Started, next: Started): boolean {
  const isBefore = head.deliver.key === deliver.key && head.deliver.t <= next.deliver.t;
  return (
    deliver.key !== undefined &&
    isBefore &&
    head.deliver.mid !== deliver.mid &&
    settledAs(head, "ack") === undefined
  );
}

const LEASE_LOST = "LEASE_LOST";
const UNSURE: ReadonlySet<string> = new Set(["settle.lost", "settle.fail", "settle.info"]);

export const noZombieAck: Invariant = {
  id: "I-6",
  title: "no ack is reported as confirmed after the holder knew that its lease was gone",
  check({ handovers }, { lateAcks, slackMs }) {
    const findings = handovers.flatMap((handover): readonly Finding[] => {
      const ack = settledAs(handover, "ack");
      const { deliver, leaseEnd, lostAt } = handover;
      if (ack === undefined) return [];
      const knownAt = Math.min(lostAt ?? Number.POSITIVE_INFINITY, leaseEnd + nanoseconds(slackMs));
      const { mid } = deliver;
      // An ack requested in time may be confirmed late: the service applied it while the lease was good.
      return (askedFor(handover, ack) ?? ack).t > knownAt
        ? [{ mid, text: "an ack was confirmed after the lease was known to be gone" }]
        : [];
    });
    return lateAcks ? { verdict: findings.length === 0 ? "pass" : "info", findings } : judged(findings);
  },
};

export const exclusiveLease: Invariant = {
  id: "I-8",
  title:
    "no two handlers hold one message at a time, who lost it is told to stop, and none begins on what a standstill has cost",
  check: (index, promises) =>
    judged(
      [...index.stories.values()].flatMap((story) => [
        ...overlaps(story, index, promises),
        ...startsTooLate(story, index, promises),
      ]),
    ),
};

/** A process knows how long it stood still. That shortens the leases handed out before or meanwhile. */
function startsTooLate(
  story: Story,
  { stills }: HistoryIndex,
  promises: HistoryPromises,
): readonly Finding[] {
  return runsOf(story).flatMap(({ deliver, handedAt, start }): readonly Finding[] => {
    const lease = (deliver.leaseUntil ?? Number.POSITIVE_INFINITY) - deliver.t;
    const lost = (stills.get(deliver.proc) ?? [])
      .map(({ from, to }) => Math.min(to, deliver.t) - Math.max(from, handedAt))
      .reduce((sum, overlap) => sum + Math.max(0, overlap), 0);
    if (lease - lost >= -nanoseconds(promises.slackMs)) return [];
    const text = "a handler began although its lease had ended while its process stood still";
    return [{ mid: story.mid, text, evidence: [deliver, start] }];
  });
}

function overlaps(story: Story, index: HistoryIndex, promises: HistoryPromises): readonly Finding[] {
  const slack = nanoseconds(promises.slackMs);
  const runs = runsOf(story);
  const { mid } = story;
  return runs.flatMap((first, position): readonly Finding[] => {
    const second = runs.slice(position + 1).find(({ deliver }) => deliver.bid === first.deliver.bid);
    if (second === undefined) return [];
    const endedAt = first.end?.t ?? deathOf(first, index);
    if (second.start.t >= endedAt - slack) return [];
    const evidence = [first.start, second.start];
    if (second.start.t < first.leaseEnd - slack && !isSettled(first, second.start.t)) {
      if (declaredDuplicates(index) > 0) return [];
      return [{ mid, text: "two handlers ran on the message under one lease", evidence }];
    }
    return isToldInTime(first, endedAt, index, promises)
      ? []
      : [{ mid, text: "a handler was not told that its lease was gone", evidence }];
  });
}

/** It was released or dead-lettered before: its handler has timed out and is ignored. */
function isSettled({ settles }: Handover, before: number): boolean {
  return settles.some(({ type, t }) => type === "settle.invoke" && t <= before);
}

function isToldInTime(
  { abort, deliver, leaseEnd, settles }: Handover,
  endedAt: number,
  { stills }: HistoryIndex,
  promises: HistoryPromises,
): boolean {
  const settledAt = settles[0]?.t ?? Number.POSITIVE_INFINITY;
  const fromAt = Math.min(leaseEnd, settledAt);
  let dueAt = fromAt + nanoseconds(promises.abortWithinMs + promises.slackMs);
  // A process that stands still cannot tell anybody anything, so that time does not count.
  for (const { from, to } of stills.get(deliver.proc) ?? []) {
    if (from < dueAt && to > fromAt) dueAt += to - Math.max(from, fromAt);
  }
  return endedAt <= dueAt || (abort?.t ?? Number.POSITIVE_INFINITY) <= dueAt;
}

function deathOf({ deliver }: Handover, { deaths }: HistoryIndex): number {
  return deaths.get(deliver.proc) ?? Number.POSITIVE_INFINITY;
}

export const trueAttempts: Invariant = {
  id: "I-10",
  title: "the number of a delivery never falls, and is true where the service counts exactly",
  check: ({ stories }, { deliveryCount }) =>
    deliveryCount === "none"
      ? { verdict: "info", findings: [{ text: "the service does not count deliveries" }] }
      : judged([...stories.values()].flatMap((story) => miscounted(story, deliveryCount))),
};

/** A hand-over without a handler run may count or not; a service that can tell does not count it. */
function miscounted(
  { mid, handovers }: Story,
  deliveryCount: HistoryPromises["deliveryCount"],
): readonly Finding[] {
  const seen = new Map<string, { handed: number; begun: number; attempt: number }>();
  for (const { deliver, start } of handovers) {
    const counter =
      deliveryCount === "perConsumer" ? `${deliver.proc}/${deliver.consumer}/${deliver.bid}` : deliver.bid;
    const before = seen.get(counter) ?? { handed: 0, begun: 0, attempt: 0 };
    const { attempt = before.handed + 1 } = deliver;
    const handed = `delivery ${before.handed + 1}`;
    if (attempt < before.attempt) return [{ mid, text: `${handed} says ${attempt} after ${before.attempt}` }];
    if (deliveryCount === "exact" && (attempt <= before.begun || attempt > before.handed + 1)) {
      return [{ mid, text: `${handed} says that it is number ${attempt}` }];
    }
    const begun = before.begun + (start === undefined ? 0 : 1);
    seen.set(counter, { handed: before.handed + 1, begun, attempt });
  }
  return [];
}

export const boundedConcurrency: Invariant = {
  id: "I-15",
  title: "a consumer runs no more handlers and holds no more leases than it may",
  check({ handovers }, { concurrency, prefetch }) {
    if (concurrency === undefined) {
      return { verdict: "info", findings: [{ text: "the run states no limit of concurrency" }] };
    }
    const byConsumer = Map.groupBy(handovers, ({ deliver }) => `${deliver.proc}/${deliver.consumer}`);
    const findings: Finding[] = [];
    for (const [consumer, held] of byConsumer) {
      const running = peak(held.filter(hasStarted).map((run) => [run.start.t, slotFreedAt(run)]));
      if (running > concurrency)
        findings.push({ text: `${consumer} ran ${running} handlers, allowed ${concurrency}` });
      if (prefetch === undefined) continue;
      const leases = peak(leasesOf(held));
      const allowed = concurrency + prefetch;
      if (leases > allowed) findings.push({ text: `${consumer} held ${leases} leases, allowed ${allowed}` });
    }
    return judged(findings);
  },
};

/** A run that was told to stop gives up its slot, since it may never end. */
function slotFreedAt({ abort, end }: Started): number {
  return Math.min(abort?.t ?? Number.POSITIVE_INFINITY, end?.t ?? Number.POSITIVE_INFINITY);
}

/** The settlement begins when the handler ends, though its request may wait for others before it goes out. */
function releasedAt({ end, settles, leaseEnd }: Handover): number {
  const endedAt = end?.t ?? Number.POSITIVE_INFINITY;
  return Math.min(endedAt, settles[0]?.t ?? Number.POSITIVE_INFINITY, leaseEnd);
}

/** If a consumer gets a message again while it holds it, that is one lease that continues. */
function leasesOf(held: readonly Handover[]): readonly (readonly [number, number])[] {
  return [...Map.groupBy(held, ({ deliver }) => deliver.bid).values()].flatMap((same) =>
    same
      .toSorted((a, b) => a.deliver.t - b.deliver.t)
      .map((one, at, all) => [one.deliver.t, Math.min(releasedAt(one), all[at + 1]?.deliver.t ?? Infinity)]),
  );
}

/** The highest number of overlapping intervals; an interval may have no end. */
function peak(intervals: readonly (readonly [number, number | undefined])[]): number {
  const steps = intervals.flatMap(([from, to]) => [
    { t: from, by: 1 },
    { t: to ?? Number.POSITIVE_INFINITY, by: -1 },
  ]);
  let now = 0;
  let most = 0;
  // At equal times, ends come first: a freed slot may be used at once.
  for (const { by } of steps.toSorted((a, b) => a.t - b.t || a.by - b.by)) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}
