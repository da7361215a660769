import type { Story } from "./history-index.ts";
import { diedAt, movesOf, type Move } from "./redrives.ts";
import { isCopyUnsure } from "./what-was-done.ts";

/** How many copies the broker may hold at a time: every send that was not refused stores one. */
export function possibleCopies(story: Story): number {
  const stored = story.sends.filter(({ outcome }) => outcome !== "fail");
  const tokens = new Set(stored.map(({ invoke }) => invoke.dedup ?? invoke.op));
  return Math.max(1, tokens.size) + unsureMoves(story) + unsureOriginals(story);
}

/** How often the message was perhaps stored again while its dead letter stayed. */
function unsureMoves(story: Story): number {
  const { moves, redrives } = story;
  // The service itself may have ended between the two for each of its dead letters.
  return moves.filter(isUnsure).length + redrives.filter(isUnsure).length * deathsOf(story).length;
}

function isUnsure({ to }: Move): boolean {
  return to === Number.POSITIVE_INFINITY;
}

/** When each of its dead letters was made. */
function deathsOf(story: Story): readonly number[] {
  const moments = story.handovers.map((handover) => diedAt(handover, story));
  return [...new Set(moments)].filter((t) => t !== undefined);
}

/** Where a dead letter is a copy, its original may be there still when the copy is moved back. */
function unsureOriginals(story: Story): number {
  return story.handovers.filter((handover) => {
    const copiedAt = diedAt(handover, story);
    if (copiedAt === undefined || !isCopyUnsure(story, handover)) return false;
    return movesOf(story).some(({ to }) => to >= copiedAt);
  }).length;
}

/**
 * How many of its moved dead letters the service may have handed out again, where it does so with all that follows on a
 * key: behind one that was a dead letter before, and was not moved by then.
 *
 * @param stories all messages of the history
 */
export function movesTakenBack(story: Story, stories: Iterable<Story>): number {
  const key = keyOf(story);
  if (key === undefined) return 0;
  const others = [...stories].filter((other) => other !== story && keyOf(other) === key);
  return story.moves.filter(({ from }) =>
    others.some((other) => {
      const isLeft = other.deadLetters.length > 0 || other.moves.some(({ to }) => to >= from);
      return isLeft && deathsOf(other).some((t) => t <= from);
    }),
  ).length;
}

function keyOf({ sends }: Story): string | undefined {
  return sends[0]?.invoke.key;
}

/** How often moves may have stored the message again, whatever became of its dead letters. */
export function storedAgain(story: Story): number {
  const { moves, redrives } = story;
  return moves.length + deathsOf(story).filter((t) => redrives.some(({ to }) => to >= t)).length;
}
