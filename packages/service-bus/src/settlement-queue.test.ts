import { expect, test } from "vitest";
import { seededRandom } from "@anyqueue/core/testing";
import { SettlementQueue, type Disposition } from "./settlement-queue.ts";

/** Turns of an event loop, one at a time. */
class Turns {
  readonly #due: (() => void)[] = [];
  number = 0;
  readonly next = (run: () => void): void => void this.#due.push(run);

  advance(): boolean {
    this.number += 1;
    const due = this.#due.splice(0);
    for (const run of due) run();
    return due.length > 0;
  }
}

interface Started {
  readonly turn: number;
  readonly kind: Disposition;
  readonly item: number;
}

function runAll(
  kinds: readonly Disposition[],
  pushedAt: (item: number) => number = () => 0,
): readonly Started[] {
  const turns = new Turns();
  const queue = new SettlementQueue(turns.next);
  const started: Started[] = [];
  const waiting = kinds.map((kind, item) => ({ kind, item, at: pushedAt(item) }));
  for (let turn = 0; started.length < kinds.length; turn += 1) {
    for (const { kind, item } of waiting.filter(({ at }) => at === turn)) {
      queue.push(kind, () => started.push({ turn: turns.number, kind, item }));
    }
    turns.advance();
    if (turn > 10_000) throw new Error("it never ends");
  }
  return started;
}

const KINDS = { C: "complete", D: "other", A: "other" } as const;

function kindsOf(text: string): readonly Disposition[] {
  return text.split("").map((letter) => (letter === "C" ? KINDS.C : KINDS.D));
}

test.each([
  ["CCCC", [0, 0, 0, 0]],
  ["CD", [0, 1]],
  ["DCCC", [0, 1, 1, 1]],
  ["DD", [0, 1]],
  ["CCDCC", [0, 0, 1, 2, 2]],
])("starts %s in turns %j", (text, expected) => {
  expect(runAll(kindsOf(text)).map(({ turn }) => turn)).toEqual(expected);
});

test("a complete that comes later in the same turn goes at once", () => {
  const turns = new Turns();
  const queue = new SettlementQueue(turns.next);
  const started: string[] = [];
  queue.push("complete", () => started.push("first"));
  queue.push("complete", () => started.push("second"));
  expect(started).toEqual(["first", "second"]);
});

test("an idle queue starts the next settlement at once, whatever it is", () => {
  const turns = new Turns();
  const queue = new SettlementQueue(turns.next);
  const started: string[] = [];
  queue.push("other", () => started.push("dead letter"));
  turns.advance();
  queue.push("other", () => started.push("abandon"));
  expect(started).toEqual(["dead letter", "abandon"]);
});

test.each([1, 2, 3, 4, 5])("keeps order and never mixes a turn, seed %i", (seed) => {
  const random = seededRandom(seed);
  const kinds = Array.from({ length: 2_000 }, (): Disposition => (random() < 0.2 ? "other" : "complete"));
  let at = 0;
  const pushedAt = kinds.map(() => (at += random() < 0.3 ? 1 : 0));

  const started = runAll(kinds, (item) => pushedAt[item] ?? 0);

  expect(started.map(({ item }) => item)).toEqual(kinds.map((_, item) => item));
  const byTurn = Map.groupBy(started, ({ turn }) => turn);
  const mixed = [...byTurn.values()].filter(
    (group) => group.length > 1 && group.some(({ kind }) => kind === "other"),
  );
  expect(mixed).toEqual([]);
});
