import { history, type HistoryBuilder } from "./history-builder.ts";
import type { Pair } from "./pairs-of-answers.ts";

/** What excuses a message that comes early, late or never, and how many may come at once. */
export const PAIRS_OF_TIMES: readonly Pair[] = [
  {
    name: "a message that is nowhere: it has expired, or would live longer than the run",
    good: history().send("m", "ok", { ttlMs: 1_000 }).wait(2_000).drained(),
    invariant: "I-1",
    bad: history().send("m", "ok", { ttlMs: 10_000 }).wait(2_000).drained(),
  },
  {
    name: "a message that is nowhere when its time to live is over: that began with the send, or after its delay",
    good: history().send("m", "ok", { ttlMs: 1_000 }).wait(2_000).drained(),
    invariant: "I-1",
    bad: history().send("m", "ok", { delayMs: 10_000, ttlMs: 1_000 }).wait(2_000).drained(),
  },
  {
    name: "a delayed message that is given back early: nobody handled it, or somebody did",
    good: givenBackEarly().wait(10_000).handle("m", "t2").drained(),
    invariant: "I-17",
    bad: givenBackEarly().handle("m", "t2").drained(),
  },
  {
    name: "a message that comes before the delay of its release is over: the lease had ended, or it had not",
    good: releasedLate(100),
    invariant: "I-17",
    bad: releasedLate(60_000),
    promises: { lateAcks: true },
  },
  {
    name: "an expired message that is handled: it was handed out before, or after",
    good: history()
      .send("m", "ok", { ttlMs: 1_000 })
      .deliver("m", "t")
      .wait(2_000)
      .start("t")
      .end("t")
      .settle("t")
      .drained(),
    invariant: "I-17",
    bad: history().send("m", "ok", { ttlMs: 1_000 }).wait(2_000).handle("m", "t").drained(),
  },
  {
    name: "a message of a key that begins before the one before it is done: that one was about to expire, or not yet",
    good: besideOneThatExpires(1_100),
    invariant: "I-9",
    bad: besideOneThatExpires(2_000),
    promises: { ordered: true },
  },
  {
    name: "a message in two handlers after a late answer that shortens the lease: the first was told in time, or not",
    good: shortenedLate(true),
    invariant: "I-8",
    bad: shortenedLate(false),
  },
  {
    name: "an expired message that is acked unread: that was its end, or it seems to be a lost dead letter",
    good: history()
      .send("m", "ok", { ttlMs: 1_000 })
      .wait(2_000)
      .deliver("m", "t")
      .settle("t", "dead")
      .drained(),
    invariant: "I-11",
    bad: history().send("m").wait(2_000).deliver("m", "t").settle("t", "dead").drained(),
  },
  {
    name: "three handlers one after the other where two may start in a second: a second is over, or not",
    good: threeInTurn(1_000),
    invariant: "I-15",
    bad: threeInTurn(900),
    promises: { rateLimit: { count: 2, perMs: 1_000 } },
  },
  {
    name: "a number that does not grow after a run: a close stopped the run, or it failed",
    good: stoppedBy("CANCELLED"),
    invariant: "I-10",
    bad: stoppedBy("TIMEOUT"),
    promises: { deliveryCount: "exact" },
  },
];

/** The second begins a second after the first was sent. */
function besideOneThatExpires(ttlMs: number): Pair["good"] {
  const all = history().send("a", "ok", { key: "k", kseq: 1, ttlMs }).send("b", "ok", { key: "k", kseq: 2 });
  return all.wait(996).handle("b", "t").wait(2_000).drained();
}

/** From ten seconds to two, as the service has it at once. */
function shortenedLate(isTold: boolean): Pair["good"] {
  const all = history().send("m").deliver("m", "t1", { leaseMs: 10_000 }).start("t1");
  const op = all.event("renew.invoke", { tok: "t1" });
  if (isTold) all.wait(1_900).abort("t1").wait(100);
  else all.wait(2_000);
  all.deliver("m", "t2", { leaseMs: 10_000 }).wait(1_000);
  all.event("renew.ok", { tok: "t1", until: 2_004_000_000 }, { op });
  all.start("t2").wait(1_000).end("t1", "aborted").end("t2").settle("t2");
  return all.drained();
}

/** The third starts this long after the first. */
function threeInTurn(afterMs: number): Pair["good"] {
  const all = history().send("a").send("b").send("c").handle("a", "t1").handle("b", "t2");
  // Each of the five events of `handle`, and the delivery of "c", takes a millisecond.
  return all
    .wait(afterMs - 10)
    .handle("c", "t3")
    .drained();
}

function stoppedBy(reason: string): Pair["good"] {
  const all = history().send("m").deliver("m", "t1", { attempt: 1 }).start("t1");
  all.event("handle.abort", { tok: "t1", reason });
  all.end("t1", "aborted").settle("t1", "release");
  return all.handle("m", "t2", { attempt: 1 }).drained();
}

function givenBackEarly(): HistoryBuilder {
  return history()
    .send("m", "ok", { delayMs: 10_000 })
    .deliver("m", "t1")
    .settle("t1", "release", "ok", 9_000);
}

/** By a service that takes settlements of an expired lease without a word. */
function releasedLate(leaseMs: number): Pair["good"] {
  const all = history().send("m").deliver("m", "t1", { leaseMs }).start("t1").wait(1_000).end("t1", "retry");
  return all.settle("t1", "release", "ok", 10_000).wait(1_000).handle("m", "t2").drained();
}
