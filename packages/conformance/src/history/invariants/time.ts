import { settledAs, type Handover, type Story } from "../history-index.ts";
import { diedAt, isPerhapsMoved } from "../redrives.ts";
import { judged, nanoseconds, type Finding, type HistoryPromises, type Invariant } from "../invariant.ts";
import { dueAt, surelyDueAt, surelyExpiredAt } from "../message-times.ts";

export const timely: Invariant = {
  id: "I-17",
  title: "a delayed message is handled neither before its time nor long after it, and an expired one is not",
  check: ({ stories }, promises) =>
    judged(
      [...stories.values()].flatMap((story) => {
        if (story.sends.every(({ outcome }) => outcome === "fail")) return []; // I-2 knows of it
        return [
          ...tooEarly(story, promises),
          ...againTooEarly(story, promises),
          ...expired(story, promises),
          ...tooLate(story, promises),
        ];
      }),
    ),
};

function tooEarly(story: Story, { slackMs }: HistoryPromises): readonly Finding[] {
  const { mid, handovers } = story;
  const due = dueAt(story) - nanoseconds(slackMs);
  const early = handovers.find(({ start }) => start !== undefined && start.t < due);
  return early === undefined ? [] : [{ mid, text: "the message was handled before its delay was over" }];
}

/** A release with a delay, if it was confirmed: the message is handed out again when that is over. */
function againTooEarly({ mid, handovers }: Story, promises: HistoryPromises): readonly Finding[] {
  const early = handovers.some((handover, place) => {
    const done = settledAs(handover, "release");
    // Of several tries, the first may have taken effect.
    const asked = handover.settles.find(({ kind }) => kind === "release");
    const { delayMs = 0 } = asked?.type === "settle.invoke" ? asked : {};
    if (done === undefined || asked === undefined || delayMs === 0) return false;
    if (isPerhapsLate(handover, done.t, promises)) return false;
    const dueAgain = asked.t + nanoseconds(delayMs - promises.slackMs);
    const next = handovers.slice(place + 1).find(({ deliver }) => deliver.bid === handover.deliver.bid);
    return next !== undefined && next.handedAt < dueAgain;
  });
  return early ? [{ mid, text: "the message came again before the delay of its release was over" }] : [];
}

/** The lease may have ended before the release took effect, and the service does not say so. */
function isPerhapsLate(
  { surelyUntil, brokenAt }: Handover,
  confirmedAt: number,
  { lateAcks, slackMs }: HistoryPromises,
): boolean {
  return brokenAt <= confirmedAt || (lateAcks && surelyUntil <= confirmedAt + nanoseconds(slackMs));
}

/** What was handed out in time may be handled later. */
function expired(story: Story, { slackMs }: HistoryPromises): readonly Finding[] {
  const { mid, handovers } = story;
  const slack = nanoseconds(slackMs);
  const until = surelyExpiredAt(story) + slack;
  const late = handovers.some(({ start, handedAt }) => {
    if (start === undefined || handedAt <= until) return false;
    // What comes back from the dead letters is wanted, and lives for good.
    return !handovers.some((one) => {
      const deadAt = diedAt(one, story);
      return deadAt !== undefined && isPerhapsMoved(deadAt, handedAt + slack, story);
    });
  });
  return late ? [{ mid, text: "the message was handed out after its time to live, and handled" }] : [];
}

function tooLate(story: Story, { promptMs }: HistoryPromises): readonly Finding[] {
  const { mid, sends, handovers } = story;
  if (promptMs === undefined || !sends.some(({ outcome }) => outcome === "ok")) return [];
  const until = surelyDueAt(story) + nanoseconds(promptMs);
  if (surelyExpiredAt(story) <= until) return [];
  if (handovers.some((handover) => isTaken(handover) && handover.deliver.t <= until)) return [];
  return [{ mid, text: `nobody had the message ${promptMs} ms after its time had come` }];
}

/** Not given back unread, as what is not due yet where a delay is emulated. */
function isTaken({ start, settles }: Handover): boolean {
  return start !== undefined || settles.some(({ kind }) => kind !== "release");
}
