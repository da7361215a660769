import fc from "fast-check";
import { expect, test } from "vitest";
import { checkHistory } from "../../src/history/check-history.ts";
import type { HistoryEvent } from "../../src/history/history-event.ts";
import { indexHistory, isAcked, isConfirmed } from "../../src/history/history-index.ts";
import { SIMULATED_PROMISES, simulateRun, type Step } from "./simulated-run.ts";

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom("send", "send", "deliver", "deliver", "finish", "finish", "kill", "wait"),
  pick: fc.nat(20),
  luck: fc.nat(99),
});
const run = fc.array(step, { minLength: 5, maxLength: 120 }).map(simulateRun);

test("a correct world passes, whatever happens in it", () => {
  fc.assert(
    fc.property(run, (events) => {
      const { verdict, invariants } = checkHistory(events, SIMULATED_PROMISES);
      expect(invariants.filter((one) => one.verdict === "fail")).toEqual([]);
      expect(verdict).toBe("pass");
    }),
    { numRuns: 100 },
  );
});

test("the order of the lines makes no difference", () => {
  const shuffled = run.chain((events) =>
    fc.shuffledSubarray([...events], { minLength: events.length }).map((mixed) => [events, mixed] as const),
  );
  fc.assert(
    fc.property(shuffled, ([events, mixed]) => {
      expect(checkHistory(mixed, SIMULATED_PROMISES)).toEqual(checkHistory(events, SIMULATED_PROMISES));
    }),
    { numRuns: 20 },
  );
});

interface Damage {
  readonly invariant: string;
  /** Undefined if the history contains nothing to spoil. */
  readonly to: (events: readonly HistoryEvent[], pick: number) => readonly HistoryEvent[] | undefined;
}

const DAMAGES: readonly Damage[] = [
  { invariant: "I-1", to: (events, pick) => without(events, ackedMessage(events, pick), isAfterSend) },
  { invariant: "I-2", to: (events, pick) => without(events, ackedMessage(events, pick), isSend) },
  { invariant: "I-4", to: (events, pick) => changed(events, pick, "deliver", { hash: "damaged" }) },
  { invariant: "I-10", to: (events, pick) => changed(events, pick, "deliver", { attempt: 99 }) },
  { invariant: "I-5", to: repeatedRun },
  { invariant: "I-7", to: repeatedRun },
  { invariant: "I-2", to: repeatedRun },
  { invariant: "I-14", to: (events) => [...events, closeThatReports(events, 10_000)] },
];

test.each(DAMAGES)("$invariant sees its damage in any run", ({ invariant, to }) => {
  let seen = 0;
  fc.assert(
    fc.property(run, fc.nat(1_000), (events, pick) => {
      const damaged = to(events, pick);
      if (damaged === undefined) return;
      seen += 1;
      const { invariants } = checkHistory(damaged, SIMULATED_PROMISES);
      expect(invariants.find(({ id }) => id === invariant)?.verdict).toBe("fail");
    }),
    { numRuns: 60 },
  );
  expect(seen).toBeGreaterThan(50);
});

function ackedMessage(events: readonly HistoryEvent[], pick: number): string | undefined {
  const stories = [...indexHistory(events).stories.values()].filter(
    (story) => isConfirmed(story) && isAcked(story),
  );
  return stories[pick % Math.max(stories.length, 1)]?.mid;
}

function without(
  events: readonly HistoryEvent[],
  mid: string | undefined,
  isGone: (event: HistoryEvent) => boolean,
): readonly HistoryEvent[] | undefined {
  if (mid === undefined) return undefined;
  const story = indexHistory(events).stories.get(mid);
  const tokens = new Set(story?.handovers.map(({ deliver }) => deliver.tok));
  const isOf = (event: HistoryEvent): boolean =>
    ("mid" in event && event.mid === mid) || ("tok" in event && tokens.has(event.tok));
  return events.filter((event) => !isOf(event) || !isGone(event));
}

function isSend({ type }: HistoryEvent): boolean {
  return type === "send.invoke";
}

function isAfterSend(event: HistoryEvent): boolean {
  return !isSend(event);
}

function changed(
  events: readonly HistoryEvent[],
  pick: number,
  type: "deliver",
  change: Partial<HistoryEvent<"deliver">>,
): readonly HistoryEvent[] | undefined {
  const chosen = events.filter((event) => event.type === type);
  const victim = chosen[pick % Math.max(chosen.length, 1)];
  if (victim === undefined) return undefined;
  return events.map((event) => (event === victim ? { ...event, ...change } : event));
}

/** An acked message is delivered and handled once more, at the very end. */
function repeatedRun(events: readonly HistoryEvent[], pick: number): readonly HistoryEvent[] | undefined {
  const mid = ackedMessage(events, pick);
  const deliver = events.find((event) => event.type === "deliver" && event.mid === mid);
  if (deliver?.type !== "deliver") return undefined;
  const t = (events.at(-1)?.t ?? 0) + 1_000_000_000;
  const { w, proc, op } = deliver;
  return [
    ...events,
    { ...deliver, t, tok: "again" },
    { t: t + 1, w, proc, op, type: "handle.start", tok: "again" },
    { t: t + 2, w, proc, op, type: "handle.end", tok: "again", result: "ack" },
  ];
}

function closeThatReports(events: readonly HistoryEvent[], handled: number): HistoryEvent {
  const t = (events.at(-1)?.t ?? 0) + 1;
  const report = { handled, released: 0, abandoned: 0 };
  return { t, w: 0, proc: "worker-0", op: "close", type: "consumer.close", consumer: "c-1", report };
}
