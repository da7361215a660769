import { askedFor, settledAs, type Handover, type HistoryIndex, type Story } from "../history-index.ts";
import { possibleCopies, storedAgain } from "../possible-copies.ts";
import { hasStarted, isSecondDelivery, isTakenBehindAck, type Started } from "../what-was-done.ts";
import { judged, nanoseconds, type Finding, type HistoryPromises, type Invariant } from "../invariant.ts";

export const boundedDuplicates: Invariant = {
  id: "I-5",
  title:
    "a message is handled again only for a reason: a failure, a lost lease, a death, an unsure settlement or send",
  check: (index, promises) =>
    judged([...index.stories.values()].flatMap((story) => unjustified(story, index, promises))),
};

/** How often the service was told to deliver twice. Its own record, if there is one, says which messages. */
function declaredDuplicates({ events }: HistoryIndex): number {
  if (events.some(({ type }) => type === "hand.out")) return 0;
  return events.filter((event) => event.type === "fault.start" && event.fault.startsWith("F-09")).length;
}

function unjustified(story: Story, index: HistoryIndex, promises: HistoryPromises): readonly Finding[] {
  const runs = story.handovers.filter(hasStarted);
  const copies = possibleCopies(story);
  const moved = storedAgain(story);
  if (moved === 0) return unjustifiedOf(runs, copies - 1, story, index, promises);
  // What is moved back is a new message: the runs of each stored copy need their reasons, in whatever order they come.
  const stored = [...Map.groupBy(runs, ({ deliver }) => deliver.bid).values()];
  if (stored.length > copies + moved)
    return [
      { mid: story.mid, text: `${stored.length} copies of the message ran, allowed ${copies + moved}` },
    ];
  return stored.flatMap((own) => unjustifiedOf(own, 0, story, index, promises));
}

function unjustifiedOf(
  runs: readonly Started[],
  free: number,
  story: Story,
  index: HistoryIndex,
  promises: HistoryPromises,
): readonly Finding[] {
  let allowed = free + declaredDuplicates(index);
  for (const [position, run] of runs.entries()) {
    const next = runs[position + 1];
    if (next === undefined || hasReason(run, next, index, promises)) continue;
    if (isSecondRun(run, next, story, promises)) continue;
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

function hasReason(
  run: Started,
  next: Started,
  { deaths, handovers }: HistoryIndex,
  promises: HistoryPromises,
): boolean {
  const { end, settles, deliver } = run;
  const isAckConfirmed = settledAs(run, "ack") !== undefined;
  if (promises.redeliversFollowers && handovers.some((one) => isUndoneHead(one, run, next))) return true;
  if (isAckPending(run, next)) return false;
  if (end !== undefined && end.result !== "ack" && end.t <= next.start.t) return true;
  // The service's clock may be behind ours.
  const backBy = Math.min(next.handedAt + nanoseconds(promises.slackMs), next.start.t);
  if (settles.some(({ kind, t }) => kind !== "ack" && t <= backBy)) return true;
  // It was read only after the service had given up on it and handed it to somebody else.
  if (next.handedAt < deliver.t) return !isAckConfirmed || promises.lateAcks;
  // Its holder was told that the lease was gone: it may have counted from another time than the history.
  if (run.abort?.reason === LEASE_LOST && run.abort.t <= next.start.t + nanoseconds(promises.slackMs))
    return !isAckConfirmed || promises.lateAcks;
  // Its lease ended, so another hand-over was due whatever the outcome of this one.
  if (endOf(run, promises) <= next.handedAt + nanoseconds(promises.slackMs)) {
    return !isAckConfirmed || isAckBehind(run, handovers) || promises.lateAcks;
  }
  if (settles.some(({ type }) => UNSURE.has(type))) return true;
  const diedAt = deaths.get(deliver.proc) ?? Number.POSITIVE_INFINITY;
  return diedAt <= next.start.t && !isAckConfirmed;
}

/** Where late renewals are taken without a word, one that was confirmed too late may have had no effect. */
function endOf({ leaseEnd, surelyUntil }: Handover, { lateAcks }: HistoryPromises): number {
  return lateAcks ? surelyUntil : leaseEnd;
}

/**
 * True: the message was handed out a second time, and no ack stood in the way: it came after that, or was taken
 * without a word about its effect.
 */
function isSecondRun(
  run: Started,
  next: Started,
  { handovers }: Story,
  { lateAcks, slackMs }: HistoryPromises,
): boolean {
  if (isAckPending(run, next) || !isSecondDelivery([run, next], handovers, nanoseconds(slackMs)))
    return false;
  const ackedAt = settledAs(run, "ack")?.t ?? Number.POSITIVE_INFINITY;
  return ackedAt > next.handedAt || (lateAcks && ackedAt >= run.brokenAt);
}

/** True: the ack was confirmed when another holder was done: what is gone may be acked again. */
function isAckBehind(run: Started, handovers: readonly Handover[]): boolean {
  const ackedAt = settledAs(run, "ack")?.t ?? 0;
  return handovers.some((other) => {
    const done = settledAs(other, "ack") ?? settledAs(other, "dead");
    return other !== run && other.deliver.bid === run.deliver.bid && done !== undefined && done.t <= ackedAt;
  });
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
const CANCELLED = "CANCELLED";
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
    if (second.start.t < endOf(first, promises) - slack && !isSettled(first, second.start.t)) {
      if (isSecondDelivery([first, second], story.handovers, slack)) return [];
      if (promises.redeliversFollowers && isTakenBehindAck(first, second, index.handovers, slack)) return [];
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
  holder: Handover,
  endedAt: number,
  { stills }: HistoryIndex,
  promises: HistoryPromises,
): boolean {
  const { abort, deliver, settles } = holder;
  const settledAt = settles[0]?.t ?? Number.POSITIVE_INFINITY;
  const fromAt = Math.min(endOf(holder, promises), settledAt);
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
  const isPerConsumer = deliveryCount === "perConsumer";
  const counted = Map.groupBy(handovers, ({ deliver: { proc, consumer, bid } }) =>
    isPerConsumer ? `${proc}/${consumer}/${bid}` : bid,
  );
  return [...counted.values()].flatMap((all) =>
    all.flatMap(({ deliver }, place): readonly Finding[] => {
      const before = all.slice(0, place);
      const { attempt = place + 1 } = deliver;
      const handed = `delivery ${place + 1}`;
      // What a consumer leaves out is what it knew when it read: of two that it read in another order than they
      // were handed out, neither has to have the higher number.
      const comparable = before.filter((one) => !isPerConsumer || one.deliver.t < deliver.t);
      const highest = Math.max(0, ...comparable.map((one) => one.deliver.attempt ?? 0));
      if (attempt < highest) return [{ mid, text: `${handed} says ${attempt} after ${highest}` }];
      // A run that a close stopped counts as none.
      const begun = before.filter((one) => hasStarted(one) && one.abort?.reason !== CANCELLED).length;
      return deliveryCount === "exact" && (attempt <= begun || attempt > place + 1)
        ? [{ mid, text: `${handed} says that it is number ${attempt}` }]
        : [];
    }),
  );
}
