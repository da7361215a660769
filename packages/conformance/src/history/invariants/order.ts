import { goneAt, type Handover, type HistoryIndex, type SettleEvent, type Story } from "../history-index.ts";
import { judged, nanoseconds, type Finding, type Invariant } from "../invariant.ts";
import { isPerhapsMoved, movesOf } from "../redrives.ts";
import { expiresAt } from "../message-times.ts";

interface Run {
  readonly mid: string;
  readonly kseq: number;
  readonly startedAt: number;
}

export const keyOrder: Invariant = {
  id: "I-9",
  title:
    "messages of a key are done in the order of their sends, and none begins before the one before it is done",
  check(index, { ordered, slackMs }) {
    if (!ordered) return { verdict: "info", findings: [{ text: "the target keeps no order" }] };
    const findings: Finding[] = [];
    for (const stories of keysOf(index).values())
      findings.push(...outOfOrder(stories, index, nanoseconds(slackMs)));
    return judged(findings);
  },
};

/** Messages with a key and a position, by sender and key: only the order of one sender is promised. */
function keysOf({ stories }: HistoryIndex): ReadonlyMap<string, readonly Story[]> {
  const keyed = [...stories.values()].filter(({ sends }) => sends[0]?.invoke.kseq !== undefined);
  return Map.groupBy(keyed, ({ sends }) => `${sends[0]?.invoke.proc ?? ""}/${sends[0]?.invoke.key ?? ""}`);
}

function outOfOrder(stories: readonly Story[], index: HistoryIndex, slack: number): readonly Finding[] {
  // From its queue's deletion on, or from its expiry on, a message holds up nobody.
  const doneAt = new Map(
    stories.map((story) => [
      sequenceOf(story),
      Math.min(doneTime(story, slack), goneAt(story, index), expiresAt(story) - slack),
    ]),
  );
  const confirmed = stories
    .filter(isPlaced)
    .map(sequenceOf)
    .toSorted((a, b) => a - b);
  const runs = stories.flatMap(runsOf).toSorted((a, b) => a.startedAt - b.startedAt);
  for (const run of runs) {
    const earlier = confirmed.findLast((kseq) => kseq < run.kseq && (doneAt.get(kseq) ?? 0) > run.startedAt);
    if (earlier === undefined) continue;
    const text = `message ${run.kseq} of its key began before message ${earlier} was done`;
    const other = stories.find((story) => sequenceOf(story) === earlier)?.mid;
    return [{ mid: run.mid, other, text }];
  }
  return [];
}

/**
 * A message whose send failed, or perhaps did, holds up nobody: its sender decides its position.
 * Nor does a message that the service itself gave up: nobody is told when.
 */
function isPlaced({ sends, handovers, deadLetters, copies }: Story): boolean {
  const isGivenUpByUs = copies.length > 0 || handovers.some(({ settles }) => mayBeDead(settles));
  return sends.length === 1 && sends[0]?.outcome === "ok" && (deadLetters.length === 0 || isGivenUpByUs);
}

/** True unless each request for a dead letter was refused. */
function mayBeDead(settles: readonly SettleEvent[]): boolean {
  const refused = new Set(settles.filter(({ type }) => type === "settle.fail").map(({ op }) => op));
  return settles.some(({ kind, op }) => kind === "dead" && !refused.has(op));
}

function sequenceOf({ sends }: Story): number {
  return sends[0]?.invoke.kseq ?? 0;
}

function runsOf(story: Story): readonly Run[] {
  const kseq = sequenceOf(story);
  return story.handovers.flatMap(({ start }) =>
    start === undefined ? [] : [{ mid: story.mid, kseq, startedAt: start.t }],
  );
}

/** When the message was finally done: handled or given up. */
function doneTime(story: Story, slack: number): number {
  const { handovers, deadLetters, copies } = story;
  const last = deadLetters.length === 0 ? undefined : handovers.at(-1);
  return Math.min(
    Number.POSITIVE_INFINITY,
    ...handovers.flatMap((handover, place) => {
      const nextAt = handovers[place + 1]?.handedAt ?? Number.POSITIVE_INFINITY;
      const isMoved = (t: number): boolean => isPerhapsMoved(t, nextAt + slack, story);
      return endOfSuccess(handover, (t) => handover === last || isMoved(t));
    }),
    ...(last === undefined && movesOf(story).length === 0
      ? []
      : [...Map.groupBy(handovers, ({ deliver }) => deliver.bid).values()].flatMap((own) =>
          endsOfCopies(own, copies),
        )),
  );
}

/**
 * The lease was gone behind the copy, or the ack after it was refused, and its holder did not run the message again: it
 * came again only to be acked. Until then it holds up its key. If that ack fails too, another process may run it.
 */
function endsOfCopies(handovers: readonly Handover[], copies: Story["copies"]): readonly number[] {
  return handovers.flatMap(({ deliver: { proc, t: from }, start, settles }, place) => {
    const [again, ...later] = handovers.slice(place + 1);
    if (again === undefined || again.start !== undefined) return [];
    const isLost =
      start !== undefined && settles.some(({ type, kind }) => type === "settle.lost" && kind === "dead");
    const isCopied = copies.some((copy) => copy.proc === proc && copy.t >= from && copy.t <= again.deliver.t);
    const isOwn = again.deliver.proc === proc;
    const isRunAgain = later.some((one) => one.start !== undefined && (!isOwn || one.deliver.proc === proc));
    return (isLost || isCopied) && !isRunAgain ? [again.deliver.t] : [];
  });
}

/** A dead letter leaves its key as soon as the service has it, perhaps before the answer arrives. */
function endOfSuccess(
  { end, isHandled, settles }: Handover,
  isDeadLetter: (t: number) => boolean,
): readonly number[] {
  if (end !== undefined && isHandled) return [end.t];
  const answered = new Set(settles.filter(({ type }) => type !== "settle.invoke").map(({ op }) => op));
  const applied = new Set(settles.filter(isPerhapsDead).map(({ op }) => op));
  return settles
    .filter(({ type, kind, op, t }) => {
      // A holder that died did not hear the answer. After a refusal, the message would have come again.
      const isUnheard = kind === "dead" && !answered.has(op) && isDeadLetter(t);
      return type === "settle.invoke" && (isUnheard || applied.has(op));
    })
    .map(({ t }) => t);
}

function isPerhapsDead({ type, kind }: SettleEvent): boolean {
  return kind === "dead" && (type === "settle.ok" || type === "settle.info");
}
