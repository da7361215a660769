import { history, type HistoryBuilder } from "./history-builder.ts";
import type { Pair } from "./pairs-of-answers.ts";

const MOVED = { bid: "b-moved" };

/** What dead letters excuse that were moved back. */
export const PAIRS_OF_REDRIVES: readonly Pair[] = [
  {
    name: "a message that was given up and handled: its dead letter was moved back, or not",
    good: moved(givenUp()).handle("m", "t2", MOVED).drained(),
    invariant: "I-11",
    bad: givenUp().handle("m", "t2", MOVED).drained(),
  },
  {
    name: "a message that was given up twice and is no dead letter: both were moved back, or one of them",
    good: moved(givenUp("t2", moved(givenUp())))
      .handle("m", "t3", MOVED)
      .drained(),
    invariant: "I-11",
    bad: givenUp("t2", moved(givenUp())).drained(),
  },
  {
    name: "a dead letter that is confirmed after a move and is nowhere: it was requested before the move, or after",
    good: confirmedLate("before"),
    invariant: "I-11",
    bad: confirmedLate("after"),
  },
  {
    name: "a message that was given up and is no dead letter: the service moved all back after that, or before",
    good: redriven(givenUp()).handle("m", "t2", MOVED).drained(),
    invariant: "I-11",
    bad: givenUp("t1", redriven(history().send("m"))).drained(),
  },
  {
    name: "a message that was given up and is no dead letter: the service moved all back, or refused to",
    good: redriven(givenUp()).handle("m", "t2", MOVED).drained(),
    invariant: "I-11",
    bad: redriven(givenUp(), "fail").handle("m", "t2", MOVED).drained(),
  },
  {
    name: "a message that was moved back and is nowhere: it was handled, or never came",
    good: moved(givenUp()).handle("m", "t2", MOVED).drained(),
    invariant: "I-1",
    bad: moved(givenUp()).drained(),
  },
  {
    name: "a mortal message that was moved back and is nowhere: nobody knows that the dead letter went, or it did",
    good: moved(givenUp("t1", mortal()), "open").wait(5_000).drained(),
    invariant: "I-1",
    bad: moved(givenUp("t1", mortal())).wait(5_000).drained(),
  },
  {
    name: "an expired message that is handled: it came back from the dead letters, or was handed out before that",
    good: moved(givenUp("t1", mortal()).wait(5_000)).handle("m", "t2", MOVED).drained(),
    invariant: "I-17",
    bad: moved(givenUp("t1", mortal()).wait(5_000).handle("m", "t2").wait(1_000)).drained(),
  },
  {
    name: "a message that is handled and a dead letter after a move: nobody knows that the dead letter went, or it did",
    good: moved(givenUp(), "open").handle("m", "t2", MOVED).deadLetter("m").drained(),
    invariant: "I-12",
    bad: moved(givenUp()).handle("m", "t2", MOVED).deadLetter("m").drained(),
  },
  {
    name: "a message that is handled and a dead letter after a move: the service had broken the lease of the dead letter, or of another",
    good: movedUnder("dead", "dead"),
    invariant: "I-12",
    bad: movedUnder("dead", "other"),
  },
  {
    name: "a message that is handled and a dead letter after the service moved it: nobody knows how that ended, or it did end",
    good: redriven(givenUp(), "open").handle("m", "t2", MOVED).deadLetter("m").drained(),
    invariant: "I-12",
    bad: redriven(givenUp()).handle("m", "t2", MOVED).deadLetter("m").drained(),
  },
  {
    name: "a message that is handled and a dead letter after a move: nobody knows what was stored, or it failed",
    good: moved(givenUp(), "open").handle("m", "t2", MOVED).deadLetter("m").drained(),
    invariant: "I-12",
    bad: moved(givenUp(), "fail").handle("m", "t2", MOVED).deadLetter("m").drained(),
  },
  {
    name: "a message that is handled twice: the dead letter stayed after one move and went with the next, or it came twice",
    good: moved(moved(givenUp(), "open").handle("m", "t2", MOVED))
      .handle("m", "t3", { bid: "b-3" })
      .drained(),
    invariant: "I-5",
    bad: moved(moved(givenUp(), "open").handle("m", "t2", MOVED))
      .handle("m", "t3", MOVED)
      .drained(),
  },
  {
    name: "a message that runs after a move: as one new message, or as two",
    good: moved(givenUp()).fail("m", "t2", MOVED).handle("m", "t3", MOVED).drained(),
    invariant: "I-5",
    bad: moved(givenUp()).fail("m", "t2", MOVED).handle("m", "t3", { bid: "b-3" }).drained(),
  },
  {
    name: "a key that goes on behind a dead letter that nobody heard of: it was moved back, or came again by itself",
    good: unheard((all) => moved(all, "ok", "a")),
    invariant: "I-9",
    bad: unheard((all) => all),
    promises: { ordered: true },
  },
  {
    name: "a key that goes on behind a dead letter that nobody heard of: all were moved before it came again, or after",
    good: unheard((all) => redriven(all)),
    invariant: "I-9",
    bad: unheard((all) => redriven(all.fail("a", "t4", { key: "k" }).wait(1_000))),
    promises: { ordered: true },
  },
  {
    name: "a dead letter that is confirmed without a copy, and is nowhere: an earlier delivery made it, or none",
    good: completed("ok"),
    invariant: "I-11",
    bad: completed("fail"),
  },
  {
    name: "a key that goes on behind a copy that was moved back: the original came again to be acked, or to be run",
    good: copiedThenMoved("acked"),
    invariant: "I-9",
    bad: copiedThenMoved("run"),
    promises: { ordered: true },
  },
  {
    name: "a key that goes on behind a copy of a message that nobody could read: the original came again before, or after",
    good: copiedUnread("before"),
    invariant: "I-9",
    bad: copiedUnread("after"),
    promises: { ordered: true },
  },
  {
    name: "a key that goes on behind a copy, and the original is run again: by another process, or by the one that copied it",
    good: copiedAndRun("other"),
    invariant: "I-9",
    bad: copiedAndRun("worker"),
    promises: { ordered: true },
  },
  {
    name: "a message that was moved back and is a dead letter still: one of its key before it was passed over, or one of another key",
    good: movedBehind("k"),
    invariant: "I-11",
    bad: movedBehind("another"),
    promises: { redeliversFollowers: true, lateAcks: true },
  },
  {
    name: "a number that falls: of the new message, or of the old one",
    good: moved(givenUp("t2", history().send("m").fail("m", "t1", { attempt: 1 }), 2))
      .handle("m", "t3", { ...MOVED, attempt: 1 })
      .drained(),
    invariant: "I-10",
    bad: moved(givenUp("t2", history().send("m").fail("m", "t1", { attempt: 1 }), 2))
      .handle("m", "t3", { attempt: 1 })
      .drained(),
    promises: { deliveryCount: "exact" },
  },
];

function mortal(): HistoryBuilder {
  return history().send("m", "ok", { ttlMs: 2_000 });
}

function givenUp(tok = "t1", all = history().send("m"), attempt = 1): HistoryBuilder {
  return all.deliver("m", tok, { attempt }).start(tok).end(tok, "dead").settle(tok, "dead");
}

function moved(all: HistoryBuilder, outcome: "ok" | "fail" | "open" = "ok", mid = "m"): HistoryBuilder {
  const op = all.event("move.invoke", { mid });
  if (outcome !== "open") all.event(`move.${outcome}`, { mid }, { op });
  return all;
}

/** The removal of the dead letter is confirmed, under a lease of which the service has a record. */
function movedUnder(lease: string, broken: string): Pair["good"] {
  const all = givenUp();
  const op = all.event("move.invoke", { mid: "m" });
  all.broken(broken).event("move.ok", { mid: "m", lease }, { op });
  return all.handle("m", "t2", MOVED).deadLetter("m").drained();
}

/** By the service itself. */
function redriven(all: HistoryBuilder, outcome: "end" | "fail" | "open" = "end"): HistoryBuilder {
  const op = all.event("redrive.start", { dest: "orders" });
  if (outcome !== "open") all.event(`redrive.${outcome}`, { dest: "orders" }, { op });
  return all;
}

/** By a holder that hears of it only after the move. */
function confirmedLate(requested: "before" | "after"): Pair["good"] {
  const all = history().send("m").deliver("m", "t1").start("t1").end("t1", "dead");
  if (requested === "after") moved(all);
  const op = all.event("settle.invoke", { tok: "t1", kind: "dead" });
  if (requested === "before") moved(all);
  all.event("settle.ok", { tok: "t1", kind: "dead" }, { op });
  return all.handle("m", "t2", MOVED).drained();
}

/** The copy is made by the first delivery and moved, and the second one only acks. */
function completed(outcome: "ok" | "fail"): Pair["good"] {
  const all = history().send("m").deliver("m", "t1").start("t1").end("t1", "dead").copy("m");
  moved(all.settle("t1", "dead", "fail"), outcome);
  all.deliver("m", "t2").settle("t2", "dead");
  return all.handle("m", "t3", MOVED).drained();
}

/** The first of a key is given up by a copy, which is moved back before its original comes again. */
function copiedThenMoved(original: "acked" | "run"): Pair["good"] {
  const all = history().send("m", "ok", { key: "k", kseq: 1 }).send("b", "ok", { key: "k", kseq: 2 });
  all.deliver("m", "t1", { key: "k", leaseMs: 1_000 }).start("t1").end("t1", "dead").copy("m");
  moved(all).wait(2_000).deliver("m", "t2", { key: "k" });
  if (original === "acked") all.settle("t2", "dead").handle("b", "t3", { key: "k" });
  else all.start("t2").handle("b", "t3", { key: "k" }).end("t2", "dead").settle("t2", "dead");
  return all.handle("m", "t4", { ...MOVED, key: "k" }).drained();
}

/** The first of a key is copied unread, and its lease ends before the ack. */
function copiedUnread(original: "before" | "after"): Pair["good"] {
  const all = history().send("m", "ok", { key: "k", kseq: 1 }).send("b", "ok", { key: "k", kseq: 2 });
  all.deliver("m", "t1", { key: "k", leaseMs: 1_000 }).copy("m").settle("t1", "dead", "lost").wait(2_000);
  if (original === "before") all.deliver("m", "t2", { key: "k" });
  all.deliver("b", "t3", { key: "k" }).start("t3");
  if (original === "after") all.deliver("m", "t2", { key: "k" });
  return all.settle("t2", "dead").end("t3").settle("t3").deadLetter("m").drained();
}

/** The original comes again to be acked, which fails, and then to be run. */
function copiedAndRun(proc: string): Pair["good"] {
  const all = history().send("m", "ok", { key: "k", kseq: 1 }).send("b", "ok", { key: "k", kseq: 2 });
  all.deliver("m", "t1", { key: "k", leaseMs: 1_000 }).start("t1").end("t1", "dead").copy("m").wait(2_000);
  all.settle("t1", "dead", "lost").deliver("m", "t2", { key: "k", leaseMs: 1_000 });
  all.handle("b", "t3", { key: "k" }).settle("t2", "dead", "fail").wait(2_000);
  all.deliver("m", "t4", { key: "k", proc }).start("t4").end("t4", "dead").copy("m", proc);
  return all.settle("t4", "dead").deadLetter("m").deadLetter("m", { bid: "second" }).drained();
}

/** Of two dead letters the second is moved back, and fails again. The first stays. */
function movedBehind(key: string): Pair["good"] {
  const all = history().send("n", "ok", { key }).send("m", "ok", { key: "k" });
  all
    .bury("n", "t1", { key })
    .deliver("m", "t2", { key: "k" })
    .start("t2")
    .end("t2", "dead")
    .settle("t2", "dead");
  moved(all)
    .deliver("m", "t3", { ...MOVED, key: "k" })
    .start("t3")
    .end("t3", "dead")
    .settle("t3", "dead");
  return all.deadLetter("m").deadLetter("m", { bid: "second" }).drained();
}

/** The first of a key is given up by a holder that dies, and comes again behind the second. */
function unheard(between: (all: HistoryBuilder) => HistoryBuilder): Pair["good"] {
  const all = history().send("a", "ok", { key: "k", kseq: 1 }).send("b", "ok", { key: "k", kseq: 2 });
  all.deliver("a", "t1", { key: "k", proc: "first" }).start("t1").end("t1", "dead");
  all.settle("t1", "dead", "open").kill("first").handle("b", "t2", { key: "k" });
  return between(all).handle("a", "t3", { key: "k", bid: "b-moved" }).drained();
}
