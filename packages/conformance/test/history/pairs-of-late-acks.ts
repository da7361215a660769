import type { HistoryEvent } from "../../src/history/history-event.ts";
import { history, type HistoryBuilder } from "./history-builder.ts";
import type { Pair } from "./pairs-of-answers.ts";

/** Acks whose answer is late or never comes. */
export const PAIRS_OF_LATE_ACKS: readonly Pair[] = [
  {
    name: "a message comes again while its ack has no answer: it is acked, or run by the consumer that has handled it",
    good: unansweredAck().deliver("m", "t2").settle("t2").drained(),
    invariant: "I-5",
    bad: unansweredAck().handle("m", "t2").drained(),
  },
  {
    name: "a message is run once more while its ack has no answer: the lease that its holder knew of goes on, or is over",
    good: lostAfterRedelivery(500),
    invariant: "I-5",
    bad: lostAfterRedelivery(3_000),
  },
  {
    name: "a delivery after an ack that may be late: somebody else had the message before it, or nobody",
    good: lateAck("before"),
    invariant: "I-7",
    bad: lateAck("after"),
    promises: { lateAcks: true },
  },
  {
    name: "a delivery after an ack whose answer came when its lease was over: it was asked for in time, or too late",
    good: ackAcrossTheEnd("before"),
    invariant: "I-7",
    bad: ackAcrossTheEnd("after"),
    promises: { lateAcks: true },
  },
  {
    name: "a delivery after a late ack: its count says that somebody had it who wrote nothing, or it does not",
    good: unrecorded(3),
    invariant: "I-7",
    bad: unrecorded(2),
    promises: { lateAcks: true },
  },
  {
    name: "a message that is acked and a dead letter: the ack was confirmed when somebody else had it, or before",
    good: ackedAndGivenUp("after"),
    invariant: "I-12",
    bad: ackedAndGivenUp("before"),
    promises: { lateAcks: true },
  },
  {
    name: "two dead letters of a message that nobody could read: its first holder had copied it and got no answer, or had not",
    good: leftAlone("m"),
    invariant: "I-11",
    bad: leftAlone("n"),
  },
  {
    name: "two runs at a time, and the first had asked for a renewal that was confirmed too late: the second began after its lease, or in it",
    good: renewedTooLate(2_000),
    invariant: "I-8",
    bad: renewedTooLate(500),
    promises: { lateAcks: true },
  },
  {
    name: "two runs at a time, and one before it on its key came again: its ack had no answer, or had one",
    good: takenBehind("open"),
    invariant: "I-8",
    bad: takenBehind("ok"),
    promises: { lateAcks: true, redeliversFollowers: true },
  },
  {
    name: "two runs at a time, and one without an answer came again: it is before it on its key, or on another",
    good: takenBehind("open"),
    invariant: "I-8",
    bad: takenBehind("open", "other"),
    promises: { lateAcks: true, redeliversFollowers: true },
  },
];

/** The second holder gives the message up, when the first has been told that its ack was taken. */
function ackedAndGivenUp(second: "before" | "after"): readonly HistoryEvent[] {
  const all = history().send("m").deliver("m", "t1", { leaseMs: 1_000 }).start("t1").end("t1");
  if (second === "before") all.settle("t1");
  all.wait(2_000).deliver("m", "t2", { proc: "other" }).start("t2");
  if (second === "after") all.settle("t1");
  return all.end("t2", "dead").settle("t2", "dead").deadLetter("m").drained();
}

/** The first holder makes a copy and closes before that is answered. */
function leftAlone(copied: string): readonly HistoryEvent[] {
  const all = history().send("n").handle("n", "n1").send("m").deliver("m", "t1", { leaseMs: 1_000 });
  all.copy(copied).wait(2_000).deliver("m", "t2", { proc: "other" }).copy("m", "other").settle("t2", "dead");
  return all.deadLetter("m").deadLetter("m", { bid: "second" }).drained();
}

/** The first handler was told to stop, and goes on while it waits for the renewal. */
function renewedTooLate(waitMs: number): readonly HistoryEvent[] {
  const all = history().send("m").deliver("m", "t1", { leaseMs: 1_000 }).start("t1").abort("t1");
  const op = all.event("renew.invoke", { tok: "t1" });
  all.wait(waitMs).deliver("m", "t2", { leaseMs: 9_000, proc: "other" }).start("t2");
  all.wait(2_000).event("renew.ok", { tok: "t1", until: 9_000_000_000 }, { op });
  return all.end("t1", "aborted").end("t2").settle("t2").drained();
}

function unansweredAck(): HistoryBuilder {
  const all = history().send("m").deliver("m", "t1", { leaseMs: 2_000 }).start("t1").end("t1");
  return all.settle("t1", "ack", "open").wait(3_000);
}

/** An ack confirmed after its lease ended, before or after the message went to somebody who fails. */
function lateAck(givenAway: "before" | "after"): readonly HistoryEvent[] {
  const all = history().send("m").deliver("m", "t1", { leaseMs: 1_000 }).start("t1").end("t1").wait(2_000);
  if (givenAway === "after") all.settle("t1").wait(2_000);
  all.deliver("m", "t2", { proc: "other" }).start("t2");
  if (givenAway === "before") all.settle("t1");
  return all.end("t2", "throw").settle("t2", "release").wait(2_000).handle("m", "t3").drained();
}

function ackAcrossTheEnd(asked: "before" | "after"): readonly HistoryEvent[] {
  const all = history().send("m").deliver("m", "t1", { leaseMs: 1_000 }).start("t1").end("t1");
  if (asked === "after") all.wait(2_000);
  const op = all.event("settle.invoke", { tok: "t1", kind: "ack" });
  if (asked === "before") all.wait(2_000);
  all.event("settle.ok", { tok: "t1", kind: "ack" }, { op });
  return all.wait(2_000).handle("m", "t2", { proc: "other" }).drained();
}

function unrecorded(attempt: number): readonly HistoryEvent[] {
  const all = history().send("m").handle("m", "t1", { attempt: 1, leaseMs: 1_000 }).wait(2_000);
  return all.handle("m", "t2", { attempt, proc: "other" }).drained();
}

/** The service ends the lease, but says so only after it has handed the message out again. */
function lostAfterRedelivery(afterMs: number): readonly HistoryEvent[] {
  const all = history().send("m").deliver("m", "t1", { leaseMs: 2_000 }).start("t1").end("t1");
  const op = all.event("settle.invoke", { tok: "t1", kind: "ack" });
  all.wait(afterMs).deliver("m", "t2").start("t2");
  all.event("settle.lost", { tok: "t1", kind: "ack" }, { op });
  return all.end("t2").settle("t2").drained();
}

/** A message comes again with one before it, while its handler runs under a lease that was renewed. */
function takenBehind(answer: "open" | "ok", key = "k"): readonly HistoryEvent[] {
  const all = history().send("n", "ok", { key }).send("m", "ok", { key: "k" });
  all.handOut("n-1").deliver("n", "n1", { key, leaseMs: 1_000, lease: "n-1" }).start("n1").end("n1");
  all.settle("n1", "ack", answer);
  all.handOut("m-1").deliver("m", "t1", { key: "k", leaseMs: 1_000, lease: "m-1" }).start("t1");
  all.renew("t1", "ok", 5_000).wait(2_000).handOut("n-2").handOut("m-2");
  all.deliver("n", "n2", { key, lease: "n-2", proc: "other" }).settle("n2");
  all.deliver("m", "t2", { key: "k", lease: "m-2", proc: "other" }).start("t2");
  return all.wait(1_000).end("t1").settle("t1").end("t2").settle("t2").drained();
}
