import {
  askedFor,
  isUnanswered,
  settledAs,
  type Handover,
  type SettleEvent,
  type Story,
} from "./history-index.ts";

/** A hand-over whose handler began. */
export type Started = Handover & { readonly start: NonNullable<Handover["start"]> };

/** True if its handler began. */
export function hasStarted(handover: Handover): handover is Started {
  return handover.start !== undefined;
}

/**
 * True if the message was handled and its ack may have been applied, though the answer is unknown or never
 * came. The ack may be one of a later hand-over that its process did not run again.
 */
export function isPerhapsAcked(story: Story): boolean {
  const handled = new Set(
    story.handovers.filter(({ isHandled }) => isHandled).map(({ deliver }) => deliver.proc),
  );
  return story.handovers.some(({ deliver, start, isHandled, settles }) => {
    const acks = settles.filter(({ kind }) => kind === "ack");
    const isUnsure = isUnanswered(acks) || acks.some(({ type }) => type === "settle.info");
    return isUnsure && handled.has(deliver.proc) && (start === undefined || isHandled);
  });
}

/**
 * True if a confirmed ack may have had no effect, where late ones are taken without a word: somebody else had the
 * message, or the lease may have ended between request and answer.
 *
 * @param all hand-overs of the message
 */
export function isAckUnsure(ack: SettleEvent, handover: Handover, all: readonly Handover[]): boolean {
  const { deliver, handedAt, surelyUntil, brokenAt } = handover;
  const isLate = all.some(
    (one) => one.deliver.bid === deliver.bid && one.handedAt > handedAt && one.handedAt < ack.t,
  );
  const asked = askedFor(handover, ack);
  const isEndedBehind = asked !== undefined && asked.t <= surelyUntil && ack.t > surelyUntil;
  return isLate || brokenAt <= ack.t || isEndedBehind;
}

/**
 * True if the service broke a lease and then handed out the later of the two, so that two held the message at
 * a time and neither could know. It is the lease of the earlier one, or that of a holder before it whose
 * settlement ended the lease of both.
 *
 * @param all hand-overs of the message
 * @param slack in nanoseconds
 */
export function isSecondDelivery(
  [one, other]: readonly [Handover, Handover],
  all: readonly Handover[],
  slack: number,
): boolean {
  const firstAt = Math.min(one.handedAt, other.handedAt);
  const secondAt = Math.max(one.handedAt, other.handedAt);
  return all.some((broken) => {
    if (broken.handedAt > firstAt || broken.brokenAt > secondAt + slack) return false;
    const isOneOfThem = broken === one || broken === other;
    return isOneOfThem || broken.settles.some(({ t }) => t >= firstAt && t <= secondAt + slack);
  });
}

/**
 * True if this hand-over gave the message up by a copy, and nobody knows that the original went with it: what is
 * confirmed when the lease has run out, or when the service has handed the message out again, may have been somebody
 * else's doing.
 */
export function isCopyUnsure({ copies }: Story, handover: Handover): boolean {
  const { deliver, surelyUntil, brokenAt } = handover;
  const isMade = copies.some(({ proc, t }) => proc === deliver.proc && t >= deliver.t);
  const confirmedAt = settledAs(handover, "dead")?.t ?? Number.POSITIVE_INFINITY;
  return (
    isMade && (confirmedAt > Math.min(surelyUntil, brokenAt) || confirmedAt === Number.POSITIVE_INFINITY)
  );
}

/**
 * True if no handler ran, and the message was copied and then given back, lost or left alone: its body could not be
 * read, and the copy seemed to fail or took too long.
 */
export function isCopiedUnread({ copies }: Story, { deliver, start, settles, lostAt }: Handover): boolean {
  const leftAt = settles.length === 0 ? Number.POSITIVE_INFINITY : undefined;
  const goneAt = settles.find(({ kind }) => kind === "release")?.t ?? lostAt ?? leftAt;
  if (start !== undefined || goneAt === undefined) return false;
  return copies.some(({ proc, t }) => proc === deliver.proc && t >= deliver.t && t <= goneAt);
}

/**
 * True if the message was given up, and the service then took it back with a message before it on its key: that one
 * was handed out again, and this one behind it. It was not done in the service's eyes, whatever its holder was told.
 *
 * @param stories all messages of the history
 */
export function isTakenBack(story: Story, handover: Handover, stories: Iterable<Story>): boolean {
  const deadAt = settledAs(handover, "dead")?.t ?? Number.POSITIVE_INFINITY;
  const again = story.handovers.find(({ handedAt }) => handedAt > deadAt);
  const own = story.sends[0]?.invoke;
  return [...stories].some(({ sends, handovers }) => {
    const sent = sends[0]?.invoke;
    if (again === undefined || own?.key === undefined || sent?.key !== own.key) return false;
    const isBefore = (sent.kseq ?? Number.POSITIVE_INFINITY) < (own.kseq ?? 0);
    return (
      isBefore &&
      handovers.some(
        ({ isOnRecord, handedAt }) => isOnRecord && handedAt > deadAt && handedAt <= again.handedAt,
      )
    );
  });
}

/**
 * True if the service took the message from its holder together with one before it on its key, whose ack was asked for
 * in time and had no answer when its lease ended: that one was handed out again, and this one behind it.
 *
 * @param all hand-overs of all messages
 * @param slack in nanoseconds
 */
export function isTakenBehindAck(
  first: Handover,
  second: Handover,
  all: readonly Handover[],
  slack: number,
): boolean {
  const { mid, key } = first.deliver;
  return all.some(({ deliver, handedAt, surelyUntil, settles }) => {
    if (key === undefined || deliver.key !== key || deliver.mid === mid) return false;
    const asked = settles.find(({ type, kind }) => type === "settle.invoke" && kind === "ack");
    const answer = settles.find(({ type, op }) => type !== "settle.invoke" && op === asked?.op);
    const isPending =
      asked !== undefined &&
      asked.t <= surelyUntil &&
      (answer?.t ?? Number.POSITIVE_INFINITY) > second.handedAt;
    return (
      isPending &&
      handedAt <= first.handedAt &&
      all.some(
        (again) =>
          again.deliver.bid === deliver.bid &&
          again.handedAt >= surelyUntil - slack &&
          again.handedAt <= second.handedAt,
      )
    );
  });
}
