import {
  isAcked,
  isConfirmed,
  isPerhapsDeleted,
  settledAs,
  type Handover,
  type HistoryIndex,
  type Story,
} from "../history-index.ts";
import { possibleCopies } from "../possible-copies.ts";
import { isPerhapsExpired } from "../message-times.ts";
import { isAckUnsure, isPerhapsAcked } from "../what-was-done.ts";
import { judged, nanoseconds, type Finding, type HistoryPromises, type Invariant } from "../invariant.ts";

export const noLoss: Invariant = {
  id: "I-1",
  title:
    "every confirmed message is delivered, dead-lettered or still in its queue, and ends acked or dead-lettered, unless it expires or its queue is deleted",
  check(index, promises) {
    const open = [...index.stories.values()].filter(
      (story) =>
        isConfirmed(story) &&
        !isAcked(story) &&
        story.deadLetters.length === 0 &&
        !isPerhapsDeleted(story, index) &&
        !isPerhapsExpired(story, index),
    );
    const lost = open.filter((story) => story.leftovers.length === 0 && !isPerhapsAcked(story));
    if (isDrained(index, promises)) return judged(lost.map(lostFinding));
    const text = `no drain proves the queues empty; ${open.length} confirmed messages are not done`;
    return { verdict: "unknown", findings: [{ text }] };
  },
};

function lostFinding({ mid, handovers }: Story): Finding {
  const how = handovers.length === 0 ? "was never delivered" : "was delivered and never done";
  return { mid, text: `the confirmed message ${how}, and is neither a dead letter nor in its queue` };
}

/** True if at last every queue had enough empty receives and no depth that contradicts them. */
function isDrained({ events }: HistoryIndex, { emptyPolls }: HistoryPromises): boolean {
  const drains = events.filter((event) => event.type === "drain.start" || event.type === "drain.end");
  const last = events.findLast(({ type }) => type === "send.invoke" || type === "deliver");
  const ends = [...Map.groupBy(drains, ({ dest }) => dest).values()].map((own) => own.at(-1));
  return (
    ends.length > 0 &&
    ends.every(
      (end) =>
        end?.type === "drain.end" &&
        end.emptyPolls >= emptyPolls &&
        (end.depth ?? 0) === 0 &&
        end.t >= (last?.t ?? 0),
    )
  );
}

export const noPhantom: Invariant = {
  id: "I-2",
  title:
    "only messages that were sent are seen, and none whose send failed, and only what the service handed out",
  check: ({ events, stories }) => {
    const isRecorded = events.some(({ type }) => type === "hand.out");
    return judged(
      [...stories.values()].flatMap((story): readonly Finding[] => {
        const isSeen = story.handovers.length + story.deadLetters.length + story.leftovers.length > 0;
        if (!isSeen) return [];
        const { mid, sends } = story;
        if (sends.length === 0) return [{ mid, text: "the message was seen and nobody had sent it" }];
        if (sends.every(({ outcome }) => outcome === "fail"))
          return [{ mid, text: "every send of the message was reported as failed, and it was stored" }];
        return isRecorded && story.handovers.some(({ isOnRecord }) => !isOnRecord)
          ? [{ mid, text: "a delivery was read that the service has no record of" }]
          : [];
      }),
    );
  },
};

export const recovered: Invariant = {
  id: "I-3",
  title: "how many sends of unknown outcome had stored their message",
  check({ stories }) {
    const unsure = [...stories.values()].filter(
      (story) => !isConfirmed(story) && story.sends.some(({ outcome }) => outcome === "info"),
    );
    const stored = unsure.filter(({ handovers, deadLetters }) => handovers.length + deadLetters.length > 0);
    const text = `${stored.length} of ${unsure.length} sends of unknown outcome had stored their message`;
    return { verdict: "info", findings: [{ text }] };
  },
};

export const integrity: Invariant = {
  id: "I-4",
  title: "body and attributes arrive as they were sent, in deliveries and in dead letters",
  check: ({ stories }) =>
    judged(
      [...stories.values()].flatMap(({ mid, sends, handovers, deadLetters }): readonly Finding[] => {
        const sent = new Set(sends.map(({ invoke }) => invoke.hash));
        if (sent.size === 0) return [];
        const changed = handovers.some(({ deliver }) => !sent.has(deliver.hash));
        if (changed) return [{ mid, text: "a delivery differs from what was sent" }];
        return deadLetters.some(({ hash }) => !sent.has(hash))
          ? [{ mid, text: "a dead letter differs from what was sent" }]
          : [];
      }),
    ),
};

export const ackIsFinal: Invariant = {
  id: "I-7",
  title: "what was acked is not delivered again",
  check({ stories }, promises) {
    if (promises.redeliversFollowers) {
      const text = "the service delivers acked followers of a failed message again, by its own promise";
      return { verdict: "info", findings: [{ text }] };
    }
    const acked = [...stories.values()].filter(isAcked);
    const findings = acked.flatMap((story) => redeliveries(story, promises));
    if (findings.length === 0 || findings.length > promises.anomalyRate * acked.length)
      return judged(findings);
    return { verdict: "pass", findings };
  },
};

/** The delivery counts show another holder in between, who died before that was written down. */
function isUnrecordedBetween(one: Handover, later: Handover, all: readonly Handover[]): boolean {
  const between = all.filter(
    ({ deliver, handedAt }) =>
      deliver.bid === one.deliver.bid && handedAt > one.handedAt && handedAt < later.handedAt,
  );
  const { attempt: first } = one.deliver;
  const { attempt: last } = later.deliver;
  return first !== undefined && last !== undefined && last - first - 1 > between.length;
}

function redeliveries(story: Story, { slackMs, lateAcks }: HistoryPromises): readonly Finding[] {
  const { mid, handovers } = story;
  return handovers.flatMap((handover): readonly Finding[] => {
    const ack = settledAs(handover, "ack");
    if (ack === undefined) return [];
    if (lateAcks && isAckUnsure(ack, handover, handovers)) return [];
    const again = handovers.find(
      ({ deliver, handedAt, start }) =>
        handedAt > ack.t + nanoseconds(slackMs) &&
        // Nor does it report an ack without effect: a redelivery is acked again, and no handler sees it.
        (!lateAcks || start !== undefined) &&
        // Another stored copy of the message is a separate matter (I-5).
        (deliver.bid === handover.deliver.bid || possibleCopies(story) === 1),
    );
    return again === undefined || (lateAcks && isUnrecordedBetween(handover, again, handovers))
      ? []
      : [{ mid, text: "the message was delivered again after its ack was confirmed" }];
  });
}
