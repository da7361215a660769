import { describe, expect, test } from "vitest";
import { checkHistory } from "../../src/history/check-history.ts";
import type { HistoryEvent } from "../../src/history/history-event.ts";
import { history, type HistoryBuilder } from "./history-builder.ts";
import { PAIRS_OF_ANSWERS, type Pair } from "./pairs-of-answers.ts";
import { PAIRS_OF_BROKEN_LEASES } from "./pairs-of-broken-leases.ts";
import { PAIRS_OF_REDRIVES } from "./pairs-of-redrives.ts";
import { PAIRS_OF_SERVICES } from "./pairs-of-services.ts";
import { PAIRS_OF_LATE_ACKS } from "./pairs-of-late-acks.ts";
import { PAIRS_OF_TIMES } from "./pairs-of-times.ts";

const first = { key: "k", kseq: 1 };
const second = { key: "k", kseq: 2 };

const PAIRS: readonly Pair[] = [
  {
    name: "a hand-over that is read after somebody else's ack: the service made it before, or again",
    good: readAfterAck("before"),
    invariant: "I-7",
    bad: readAfterAck("after"),
  },
  {
    name: "a hand-over that is read after somebody else's ack, and the service kept no record of it",
    good: readAfterAck("before"),
    invariant: "I-7",
    bad: readAfterAck("before").filter(({ type }) => type !== "hand.out"),
  },
  {
    name: "a delivery after an ack without an effect: it is acked once more, or handled once more",
    good: history().send("m").handle("m", "t1").wait(2_000).deliver("m", "t2").settle("t2").drained(),
    invariant: "I-7",
    bad: history().send("m").handle("m", "t1").wait(2_000).handle("m", "t2").drained(),
    promises: { lateAcks: true },
  },
  {
    name: "two leases where one may be held: both are of one stored message, or of two",
    good: twoLeases("b-m"),
    invariant: "I-15",
    bad: twoLeases("b-n"),
    promises: { concurrency: 1, prefetch: 0, lateAcks: true },
  },
  {
    name: "a delivery in a run that the service recorded: it is on the record, or it is not",
    good: history().send("m").handOut("one").handle("m", "t1", { lease: "one" }).drained(),
    invariant: "I-2",
    bad: history().send("m").handOut("one").handle("m", "t1", { lease: "another" }).drained(),
  },
  {
    name: "two deliveries of a message in a run that the service recorded: it made two of them, or one",
    good: history()
      .send("m")
      .handOut("one")
      .fail("m", "t1", { lease: "one" })
      .handOut("two")
      .handle("m", "t2", { lease: "two" })
      .drained(),
    invariant: "I-2",
    bad: history()
      .send("m")
      .handOut("one")
      .fail("m", "t1", { lease: "one" })
      .handle("m", "t2", { lease: "one" })
      .drained(),
  },
  {
    name: "numbers that fall as they are read: the service counted upwards, or did not",
    good: readOutOfOrder([1, 2]),
    invariant: "I-10",
    bad: readOutOfOrder([2, 1]),
  },
  {
    name: "a number that falls where each consumer leaves out what it gave back: another one's, or its own",
    good: failedThenHandled("other"),
    invariant: "I-10",
    bad: failedThenHandled("worker"),
    promises: { deliveryCount: "perConsumer" },
  },
  {
    name: "a number that falls where a consumer leaves out what it gave back: it was read before the higher one, or after",
    good: readByOne(["new", "old"]),
    invariant: "I-10",
    bad: readByOne(["old", "new"]),
    promises: { deliveryCount: "perConsumer" },
  },
  {
    name: "a second run of what was read late: the service had given up on it before, or nobody had",
    good: runsOfTwo("old", "new"),
    invariant: "I-5",
    bad: runsOfTwo("new", "old"),
  },
  {
    name: "a handler that is not told of its lost lease: its process stood still, or went on",
    good: untold("worker"),
    invariant: "I-8",
    bad: untold(undefined),
  },
  {
    name: "a handler that is not told of its lost lease: its process stood still, or another one did",
    good: untold("worker"),
    invariant: "I-8",
    bad: untold("other"),
  },
  {
    name: "a handler that is not told when its process goes on: it ends at once, or much later",
    good: untold("worker"),
    invariant: "I-8",
    bad: untold("worker", 3_000),
  },
  {
    name: "a delivery that lay there while its process stood still: no handler begins on it, or one does",
    good: unreadForLong(2_000).handOut("two").handle("m", "t2", { lease: "two", proc: "other" }).drained(),
    invariant: "I-8",
    bad: unreadForLong(2_000).start("t1").end("t1").settle("t1").drained(),
  },
  {
    name: "a handler that begins after a standstill: it cost less than the lease, or more",
    good: unreadForLong(9_000).start("t1").end("t1").settle("t1").drained(),
    invariant: "I-8",
    bad: unreadForLong(1_000).start("t1").end("t1").settle("t1").drained(),
  },
  {
    name: "a message that is nowhere: it was sent before its queue was deleted, or after",
    good: history().send("m").deleteQueue().drained(),
    invariant: "I-1",
    bad: history().deleteQueue().send("m").drained(),
  },
  {
    name: "a message that is nowhere: its queue was deleted, or another one",
    good: history().send("m").deleteQueue().drained(),
    invariant: "I-1",
    bad: history().send("m").deleteQueue("others").drained(),
  },
  {
    name: "a message that was handled without an ack: its queue was deleted, or had been before",
    good: history().send("m").deliver("m", "t1").start("t1").end("t1").deleteQueue().drained(),
    invariant: "I-1",
    bad: history().send("m").deleteQueue().deliver("m", "t1").start("t1").end("t1").drained(),
  },
  {
    name: "a message that was sent twice and is nowhere: both before the deletion, or one of them",
    good: history().send("m", "info").send("m").deleteQueue().drained(),
    invariant: "I-1",
    bad: history().send("m", "info").deleteQueue().send("m").drained(),
  },
  {
    name: "a message of a key that begins before an earlier one is done: that is gone with its queue, or not yet",
    good: history()
      .send("m1", "ok", first)
      .deleteQueue()
      .send("m2", "ok", second)
      .handle("m2", "t")
      .drained(),
    invariant: "I-9",
    bad: history().send("m1", "ok", first).send("m2", "ok", second).handle("m2", "t").deleteQueue().drained(),
    promises: { ordered: true },
  },
  {
    name: "a message of a key that begins before a killed worker's dead letter is confirmed: that was made, or was not",
    good: killedWhileBurying().deadLetter("m1").handle("m2", "t2").drained(),
    invariant: "I-9",
    bad: killedWhileBurying().handle("m2", "t2").bury("m1", "t3").drained(),
    promises: { ordered: true },
  },
  {
    name: "a message of a key that begins before an unconfirmed dead letter: that is there, or nowhere",
    good: killedWhileBurying().deadLetter("m1").handle("m2", "t2").drained(),
    invariant: "I-9",
    bad: killedWhileBurying().handle("m2", "t2").drained(),
    promises: { ordered: true },
  },
  {
    name: "no success after a fault: all that there was is gone with its queue, or there is more",
    good: history().send("m").deleteQueue().fault("F-19").drained(),
    invariant: "I-13",
    bad: history().send("m").deleteQueue().fault("F-19").wait(9_000).send("n").handle("n", "t").drained(),
    promises: { recoveryMs: 5_000 },
  },
];

/** Handed out when a standstill of five seconds begins, and read after it. */
function unreadForLong(leaseMs: number): HistoryBuilder {
  const all = history().send("m").still("worker").handOut("one").wait(5_000).wake("worker");
  return all.deliver("m", "t1", { lease: "one", leaseMs });
}

/** A second delivery while the first is being handled; the settlement uses the second one's name. */
function twoLeases(bid: string): readonly HistoryEvent[] {
  return history()
    .send("m", "info")
    .send("m")
    .deliver("m", "t1")
    .start("t1")
    .deliver("m", "t2", { bid })
    .end("t1")
    .settle("t2")
    .drained();
}

/** Nobody was left to hear the answer to its settlement. */
function killedWhileBurying(): HistoryBuilder {
  const all = history().send("m1", "ok", first).send("m2", "ok", second);
  all.deliver("m1", "t1", { proc: "worker-1", leaseMs: 60_000 }).start("t1").end("t1", "dead");
  return all.settle("t1", "dead", "open").kill("worker-1");
}

/** Two hand-overs of one message: the first waits in a socket while somebody else handles the second. */
function readAfterAck(handedOut: "before" | "after"): readonly HistoryEvent[] {
  const all = history().send("m");
  if (handedOut === "before") all.handOut("old").wait(2_000);
  all.handOut("new").handle("m", "t2", { lease: "new", proc: "other" }).wait(2_000);
  if (handedOut === "after") all.handOut("old");
  return all.deliver("m", "t1", { lease: "old" }).drained();
}

/** The second of two hand-overs is read first. */
function readOutOfOrder([first, second]: readonly [number, number]): readonly HistoryEvent[] {
  return history()
    .send("m")
    .handOut("old")
    .wait(2_000)
    .handOut("new")
    .deliver("m", "t2", { lease: "new", attempt: second, proc: "other" })
    .deliver("m", "t1", { lease: "old", attempt: first })
    .start("t2")
    .end("t2")
    .settle("t2")
    .drained();
}

/** The older of two hand-overs has the higher number: what its reader gave back before was forgotten with the ack. */
function readByOne(order: readonly ["new" | "old", "new" | "old"]): readonly HistoryEvent[] {
  const attempts = { old: 2, new: 1 };
  const all = history().send("m").handOut("old").wait(2_000).handOut("new");
  for (const lease of order) all.deliver("m", lease, { lease, attempt: attempts[lease] }).settle(lease);
  return all.drained();
}

/** Delivery 3, then delivery 1. */
function failedThenHandled(byWhom: string): readonly HistoryEvent[] {
  return history()
    .send("m")
    .fail("m", "t1", { attempt: 3 })
    .handle("m", "t2", { attempt: 1, proc: byWhom })
    .drained();
}

/** Two hand-overs that both run to their end; the one that is read first is acked, the other is not. */
function runsOfTwo(handedOutFirst: string, handedOutNext: string): readonly HistoryEvent[] {
  return history()
    .send("m")
    .handOut(handedOutFirst)
    .wait(2_000)
    .handOut(handedOutNext)
    .handle("m", "t2", { lease: "new", leaseMs: 60_000, proc: "other" })
    .deliver("m", "t1", { lease: "old", leaseMs: 60_000 })
    .start("t1")
    .end("t1")
    .drained();
}

/** A handler whose lease ends, and who is not told before it ends itself. */
function untold(whoStandsStill: string | undefined, restMs = 0): readonly HistoryEvent[] {
  const all = history().send("m").deliver("m", "t1", { leaseMs: 1_000 }).start("t1");
  if (whoStandsStill !== undefined) all.still(whoStandsStill);
  all.wait(2_000).deliver("m", "t2", { leaseMs: 60_000, proc: "other" }).start("t2").wait(3_000);
  if (whoStandsStill !== undefined) all.wake(whoStandsStill);
  return all.wait(restMs).end("t1").end("t2").settle("t2").drained();
}

describe.each([
  ...PAIRS,
  ...PAIRS_OF_ANSWERS,
  ...PAIRS_OF_LATE_ACKS,
  ...PAIRS_OF_SERVICES,
  ...PAIRS_OF_BROKEN_LEASES,
  ...PAIRS_OF_TIMES,
  ...PAIRS_OF_REDRIVES,
])("$name", ({ good, bad, invariant, promises = {} }) => {
  test("passes with its excuse", () => {
    const { verdict, invariants } = checkHistory(good, promises);
    expect(invariants.filter((one) => one.verdict === "fail")).toEqual([]);
    expect(verdict).toBe("pass");
  });

  test(`fails for ${invariant} without`, () => {
    const { verdict, invariants } = checkHistory(bad, promises);
    expect(verdict).toBe("fail");
    expect(invariants.filter((one) => one.verdict === "fail").map(({ id }) => id)).toContain(invariant);
  });
});
