import { history, type HistoryBuilder } from "./history-builder.ts";
import type { Pair } from "./pairs-of-answers.ts";

/** What seeded runs over SDKs have shown. */
export const PAIRS_OF_SERVICES: readonly Pair[] = [
  {
    name: "a message is run by somebody else while its ack is on its way: its lease was over, or not",
    good: lateAnswer(100),
    invariant: "I-5",
    bad: lateAnswer(60_000),
  },
  {
    name: "an ack long after the lease was due: the session was renewed for another message, or for none",
    good: session("s-1"),
    invariant: "I-6",
    bad: session("s-2"),
  },
  {
    name: "a message of a key after one whose handler was told to stop: that was acked all the same, or not",
    good: toldToStop("ack"),
    invariant: "I-9",
    bad: toldToStop("release"),
    promises: { ordered: true },
  },
  {
    name: "a message of a key after one whose dead letter was refused: the service gave that up itself, or we did later",
    good: refusedDead().handle("b", "t2").deadLetter("a").drained(),
    invariant: "I-9",
    bad: refusedDead().handle("b", "t2").deliver("a", "t3").settle("t3", "dead").deadLetter("a").drained(),
    promises: { ordered: true },
  },
  {
    name: "a message of a key after one whose handler was told to stop: its newer lease was acked, or given up",
    good: underNewerLease("ack"),
    invariant: "I-9",
    bad: underNewerLease("release"),
    promises: { ordered: true },
  },
  {
    name: "a message of a key while the one before it, told to stop and acked by its newer lease, still runs",
    good: underNewerLease("ack"),
    invariant: "I-9",
    bad: underNewerLease("ack", true),
    promises: { ordered: true },
  },
  {
    name: "a message of a key after a dead letter whose original was gone: its copy was made, or it ran again",
    good: copied().deliver("a", "t2").handle("b", "t3").settle("t2", "dead").deadLetter("a").drained(),
    invariant: "I-9",
    bad: copied()
      .deliver("a", "t2")
      .handle("b", "t3")
      .start("t2")
      .end("t2", "dead")
      .settle("t2", "dead")
      .deadLetter("a")
      .drained(),
    promises: { ordered: true },
  },
  {
    name: "a renewal whose answer tells of a lease that is over: the ack went out in the lease before, or after it",
    good: answeredLate(1_200),
    invariant: "I-6",
    bad: answeredLate(3_000),
  },
  {
    name: "an ack that is confirmed after the next run: somebody else had done the message, or had not",
    good: lateAnswer(100),
    invariant: "I-5",
    bad: lateAnswer(100, "release"),
  },
  {
    name: "a message of a key after one that was told to stop: its ack was taken, or refused",
    good: toldToStop("ack"),
    invariant: "I-9",
    bad: toldToStop("ack", "lost"),
    promises: { ordered: true },
  },
  {
    name: "a message of a key after a dead letter whose original was gone: that had come again, or not yet",
    good: copied().deliver("a", "t2").handle("b", "t3").settle("t2", "dead").deadLetter("a").drained(),
    invariant: "I-9",
    bad: copied().handle("b", "t3").deliver("a", "t2").settle("t2", "dead").deadLetter("a").drained(),
    promises: { ordered: true },
  },
  {
    name: "an ack after the loss of its session: the loss was told when the message was not in hand, or was",
    good: lostSession("after"),
    invariant: "I-6",
    bad: lostSession("before"),
  },
  {
    name: "a message that is acked and a dead letter: its copy was made when the lease ended, or none was",
    good: cutOff(true),
    invariant: "I-12",
    bad: cutOff(false),
  },
];

function lateAnswer(leaseMs: number, other: "ack" | "release" = "ack"): Pair["good"] {
  const told = history().send("m").deliver("m", "t1", { leaseMs, proc: "worker-1" }).start("t1").end("t1");
  const op = told.event("settle.invoke", { tok: "t1", kind: "ack" });
  told.wait(500).deliver("m", "t2", { proc: "worker-2" }).start("t2");
  told.end("t2", other === "ack" ? "ack" : "throw").settle("t2", other);
  told.event("settle.ok", { tok: "t1", kind: "ack" }, { op });
  return told.drained();
}

function session(other: string): Pair["good"] {
  return history()
    .send("a")
    .send("b")
    .deliver("a", "t1", { leaseMs: 1_000, shared: "s-1" })
    .deliver("b", "t2", { leaseMs: 1_000, shared: other })
    .renew("t2", "ok", 60_000)
    .start("t1")
    .wait(5_000)
    .end("t1")
    .settle("t1")
    .start("t2")
    .end("t2")
    .settle("t2")
    .drained();
}

function toldToStop(kind: "ack" | "release", outcome: "ok" | "lost" = "ok"): Pair["good"] {
  const told = history()
    .send("a", "ok", { key: "k", kseq: 1 })
    .send("b", "ok", { key: "k", kseq: 2 })
    .deliver("a", "t1")
    .start("t1")
    .abort("t1")
    .end("t1", "aborted")
    .settle("t1", kind, outcome)
    .handle("b", "t2");
  return (kind === "ack" && outcome === "ok" ? told : told.handle("a", "t3")).drained();
}

function answeredLate(ackedAfterMs: number): Pair["good"] {
  const all = history().send("m").deliver("m", "t1", { leaseMs: 2_000 }).start("t1").wait(500);
  const op = all.event("renew.invoke", { tok: "t1" });
  all.wait(ackedAfterMs).end("t1").settle("t1").wait(5_000);
  all.event("renew.ok", { tok: "t1", until: 900 * 1_000_000 }, { op });
  return all.drained();
}

/** A renewal of the session for another message is refused, before or after this one is handed over. */
function lostSession(handedOver: "before" | "after"): Pair["good"] {
  const all = history().send("a").send("b").deliver("b", "t2", { leaseMs: 60_000, shared: "s-1" });
  if (handedOver === "before") all.deliver("a", "t1", { leaseMs: 60_000, shared: "s-1" });
  all.renew("t2", "lost");
  if (handedOver === "after") all.deliver("a", "t1", { leaseMs: 60_000, shared: "s-1" });
  all.start("t1").end("t1").settle("t1");
  return all.handle("b", "t3", { proc: "other" }).drained();
}

/** A dead letter whose original came again before it could be deleted, and was handled elsewhere. */
function cutOff(isCopied: boolean): Pair["good"] {
  const all = history().send("m").deliver("m", "t1", { leaseMs: 1_000 }).start("t1").end("t1", "dead");
  if (isCopied) all.copy("m");
  return all.wait(2_000).handle("m", "t2", { proc: "other" }).deadLetter("m").drained();
}

/** The first comes again while its handler runs; the answer names the hand-over that came last. */
function underNewerLease(kind: "ack" | "release", isEarly = false): Pair["good"] {
  const told = history()
    .send("a", "ok", { key: "k", kseq: 1 })
    .send("b", "ok", { key: "k", kseq: 2 })
    .deliver("a", "t1")
    .start("t1")
    .deliver("a", "t2")
    .abort("t1");
  if (isEarly) told.handle("b", "t3");
  told.end("t1", "aborted").settle("t2", kind);
  if (!isEarly) told.handle("b", "t3");
  return (kind === "ack" ? told : told.handle("a", "t4")).drained();
}

function refusedDead(): HistoryBuilder {
  const all = history().send("a", "ok", { key: "k", kseq: 1 }).send("b", "ok", { key: "k", kseq: 2 });
  return all.deliver("a", "t1").start("t1").end("t1", "dead").settle("t1", "dead", "fail");
}

/** The lease of the first was gone when its copy had been made. */
function copied(): HistoryBuilder {
  return history()
    .send("a", "ok", { key: "k", kseq: 1 })
    .send("b", "ok", { key: "k", kseq: 2 })
    .deliver("a", "t1")
    .start("t1")
    .end("t1", "dead")
    .settle("t1", "dead", "lost");
}
