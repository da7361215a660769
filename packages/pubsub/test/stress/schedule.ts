import { SeededChoice } from "./seeded-choice.ts";

/** One run of a handler for a message; after the last planned run the handler succeeds. */
export interface PlannedRun {
  readonly takesMs: number;
  /** Undefined: the handler throws. */
  readonly retryDelayMs: number | undefined;
}

export interface PlannedMessage {
  readonly id: string;
  readonly atMs: number;
  readonly key: string;
  readonly failures: readonly PlannedRun[];
  readonly takesMs: number;
}

/** How a stream ends: with a status, without one, or by falling silent. */
export type StreamEnd = number | "ok" | "silent";

export interface PlannedEnd {
  readonly atMs: number;
  readonly consumer: number;
  readonly end: StreamEnd;
}

export interface Schedule {
  readonly seed: number;
  readonly ordered: boolean;
  readonly exactlyOnce: boolean;
  readonly consumers: number;
  readonly concurrency: number;
  readonly messages: readonly PlannedMessage[];
  readonly ends: readonly PlannedEnd[];
  /** Share of unary calls that fail; half of those take effect before they fail. */
  readonly failingCalls: number;
}

const SPAN_MS = 30_000;
/**
 * Statuses after which Google's own client opens another stream, and one more that must not end a consumer.
 */
const PASSING = [1, 4, 8, 10, 13, 14, 2] as const;

/** The same seed gives the same schedule. */
export function scheduleOf(seed: number): Schedule {
  const choice = new SeededChoice(seed);
  const consumers = choice.whole(1, 3);
  const shape = {
    seed,
    ordered: choice.chance(0.5),
    exactlyOnce: choice.chance(0.5),
    consumers,
    concurrency: choice.whole(1, 6),
    failingCalls: choice.chance(0.5) ? 0 : choice.next() * 0.2,
  };
  const messages = Array.from({ length: choice.whole(5, 60) }, (_, index) => messageOf(choice, index));
  const ends = Array.from({ length: choice.whole(0, 8) }, () => endOf(choice, consumers));
  return { ...shape, messages: byTime(messages), ends: byTime(ends) };
}

function messageOf(choice: SeededChoice, index: number): PlannedMessage {
  const failures = choice.chance(0.7) ? 0 : choice.whole(1, 3);
  return {
    id: `m-${index}`,
    atMs: choice.whole(0, SPAN_MS),
    key: `k-${choice.whole(0, 3)}`,
    failures: Array.from({ length: failures }, () => ({
      takesMs: takesMs(choice),
      retryDelayMs: choice.chance(0.4) ? undefined : choice.of([0, 1_000, 5_000, 20_000]),
    })),
    takesMs: takesMs(choice),
  };
}

/** Most runs are short; some outlast the shortest lease. */
const takesMs = (choice: SeededChoice): number =>
  choice.chance(0.1) ? choice.whole(5_000, 40_000) : choice.whole(0, 300);

function endOf(choice: SeededChoice, consumers: number): PlannedEnd {
  const end: StreamEnd = choice.chance(0.7) ? choice.of(PASSING) : choice.of(["ok", "silent"]);
  return { atMs: choice.whole(0, SPAN_MS), consumer: choice.whole(0, consumers - 1), end };
}

function byTime<Item extends { readonly atMs: number }>(items: readonly Item[]): readonly Item[] {
  return items.toSorted((a, b) => a.atMs - b.atMs);
}
