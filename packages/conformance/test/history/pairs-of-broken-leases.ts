import { history, type HistoryBuilder } from "./history-builder.ts";
import type { Pair } from "./pairs-of-answers.ts";

const LATE = { lateAcks: true } as const;
const FOLLOWERS = { lateAcks: true, redeliversFollowers: true } as const;

/** A service that ends a lease early, or delivers twice, excuses this message after that moment and nothing else. */
export const PAIRS_OF_BROKEN_LEASES: readonly Pair[] = [
  {
    name: "two handlers run on a message: the service handed out this message twice, or another one",
    good: twice("m"),
    invariant: "I-8",
    bad: twice("n"),
  },
  {
    name: "two handlers run on a message: the service broke its lease before it handed it out again, or after",
    good: twice("m"),
    invariant: "I-8",
    bad: twice("m", "after"),
  },
  {
    name: "a second run of a message: its lease was broken, or that of another one",
    good: twice("m"),
    invariant: "I-5",
    bad: twice("n"),
  },
  {
    name: "a second run after an ack that was confirmed: the lease was broken before that, or after",
    good: ackedAndRun("before"),
    invariant: "I-5",
    bad: ackedAndRun("after"),
    promises: LATE,
  },
  {
    name: "a delivery after the ack: the lease was broken before it, or after",
    good: ackedAndRun("before"),
    invariant: "I-7",
    bad: ackedAndRun("after"),
    promises: LATE,
  },
  {
    name: "a third holder while the second goes on: the first had a broken lease and gave the message back, or not",
    good: givenBack(true),
    invariant: "I-8",
    bad: givenBack(false),
  },
  {
    name: "two dead letters of a message: it was handed out twice, or another one was",
    good: buriedTwice("m"),
    invariant: "I-11",
    bad: buriedTwice("n"),
  },
  {
    name: "two dead letters of a message: one before it on its key was handed out again before it, or one behind it",
    good: buriedBehind(1),
    invariant: "I-11",
    bad: buriedBehind(3),
    promises: FOLLOWERS,
  },
  {
    name: "two dead letters of a message: the one before it was handed out again after the first, or before that",
    good: buriedBehind(1),
    invariant: "I-11",
    bad: buriedBehind(1, "before"),
    promises: FOLLOWERS,
  },
  {
    name: "two dead letters of a message: its lease was broken, or one came before it where none brings its followers",
    good: buriedTwice("m"),
    invariant: "I-11",
    bad: buriedBehind(1),
    promises: LATE,
  },
  {
    name: "a message that is acked and a dead letter: it was handed out twice, or another one was",
    good: ackedAndBuried("m"),
    invariant: "I-12",
    bad: ackedAndBuried("n"),
  },
  {
    name: "a message that comes again after its ack: a dead letter of an earlier holder was moved back, whose lease was broken or not",
    good: buriedAckedAndMoved("m"),
    invariant: "I-7",
    bad: buriedAckedAndMoved("n"),
  },
  {
    name: "a fault that delivers twice: nobody recorded which message, or the record shows that it was another",
    good: declared([]),
    invariant: "I-5",
    bad: declared(["m-1", "m-2"]),
  },
];

/** The first of two holders gives the message back, and it goes to a third: the second's lease ended with that, or not. */
function givenBack(isBroken: boolean): Pair["good"] {
  const all = history().send("m").handOut("m-1");
  if (isBroken) all.broken("m-1");
  all.deliver("m", "t1", { leaseMs: 60_000, lease: "m-1" }).start("t1");
  all.handOut("m-2").deliver("m", "t2", { leaseMs: 60_000, lease: "m-2", proc: "other" }).start("t2");
  all.wait(1_000).end("t1", "throw").settle("t1", "release").handOut("m-3");
  all.deliver("m", "t3", { leaseMs: 60_000, lease: "m-3" }).start("t3");
  return all.end("t2").settle("t2", "ack", "lost").end("t3").settle("t3").drained();
}

function both(broken: string): HistoryBuilder {
  return history()
    .send("n")
    .handOut("n-1")
    .handle("n", "n1", { lease: "n-1" })
    .send("m")
    .handOut("m-1")
    .broken(`${broken}-1`);
}

function twice(broken: string, when: "before" | "after" = "before"): Pair["good"] {
  const all = when === "before" ? both(broken) : both("n");
  all.deliver("m", "t1", { leaseMs: 60_000, lease: "m-1" }).start("t1");
  all.wait(1_000).handOut("m-2").deliver("m", "t2", { leaseMs: 60_000, lease: "m-2" }).start("t2");
  all.wait(1_000).end("t1").settle("t1").end("t2").settle("t2");
  if (when === "after") all.broken("m-1");
  return all.drained();
}

function ackedAndRun(when: "before" | "after"): Pair["good"] {
  const all = history().send("m").handOut("m-1");
  if (when === "before") all.broken("m-1");
  all.handle("m", "t1", { leaseMs: 60_000, lease: "m-1" });
  if (when === "after") all.broken("m-1");
  return all
    .wait(1_000)
    .handOut("m-2")
    .handle("m", "t2", { leaseMs: 60_000, lease: "m-2", proc: "other" })
    .drained();
}

function buriedTwice(broken: string): Pair["good"] {
  const all = both(broken).bury("m", "t1", { lease: "m-1" });
  return all
    .handOut("m-2")
    .deliver("m", "t2", { lease: "m-2" })
    .start("t2")
    .end("t2", "dead")
    .settle("t2", "dead")
    .deadLetter("m", { bid: "second" })
    .drained();
}

/** Position 2 of a key is given up, and again by another consumer. A message at another position comes again, too. */
function buriedBehind(position: number, when: "before" | "after" = "after"): Pair["good"] {
  const all = history().handOut("first");
  if (when === "before") all.handOut("again");
  all.send("n", "ok", { key: "k", kseq: position }).send("m", "ok", { key: "k", kseq: 2 }).handOut("m-1");
  all.handle("n", "n1", { key: "k", lease: "first" }).bury("m", "t1", { key: "k", lease: "m-1" });
  if (when === "after") all.handOut("again");
  all.handOut("m-2").deliver("n", "n2", { key: "k", lease: "again", proc: "other" }).settle("n2");
  all.deliver("m", "t2", { key: "k", lease: "m-2", proc: "other" }).start("t2").end("t2", "dead");
  return all.settle("t2", "dead").deadLetter("m", { bid: "second" }).drained();
}

function ackedAndBuried(broken: string): Pair["good"] {
  const all = both(broken).deliver("m", "t1", { lease: "m-1" }).start("t1");
  return all.handOut("m-2").bury("m", "t2", { lease: "m-2", proc: "other" }).end("t1").settle("t1").drained();
}

/** The first of two holders gives the message up by a copy, which is moved back when the second has handled it. */
function buriedAckedAndMoved(broken: string): Pair["good"] {
  const all = both(broken).deliver("m", "t1", { lease: "m-1" }).start("t1").end("t1", "dead").copy("m");
  all.settle("t1", "dead").handOut("m-2").handle("m", "t2", { lease: "m-2", proc: "other" });
  const op = all.event("move.invoke", { mid: "m" });
  all.event("move.ok", { mid: "m" }, { op });
  return all.wait(1_000).handOut("m-3").handle("m", "t3", { lease: "m-3", bid: "b-moved" }).drained();
}

/** Of a run without a service's record only the fault is known. */
function declared(leases: readonly string[]): Pair["good"] {
  const all = history().send("m").fault("F-09 duplicate");
  for (const lease of leases) all.handOut(lease);
  const [first, second] = leases;
  all.handle("m", "t1", first === undefined ? {} : { lease: first, leaseMs: 60_000 });
  return all.handle("m", "t2", second === undefined ? {} : { lease: second, leaseMs: 60_000 }).drained();
}
