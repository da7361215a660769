import type { HistoryEvent } from "../../src/history/history-event.ts";
import type { HistoryPromises } from "../../src/history/invariant.ts";
import { history } from "./history-builder.ts";

/** A history with an excuse, and the same one without: the checker must tell them apart. */
export interface Pair {
  readonly name: string;
  readonly good: readonly HistoryEvent[];
  /** The invariant that `bad` breaks. */
  readonly invariant: string;
  readonly bad: readonly HistoryEvent[];
  readonly promises?: Partial<HistoryPromises>;
}

/** Settlements whose answer is late or never comes. */
export const PAIRS_OF_ANSWERS: readonly Pair[] = [
  {
    name: "a report without what was confirmed when its lease had run out, or before",
    good: confirmedAfter(3_000),
    invariant: "I-14",
    bad: confirmedAfter(100),
  },
  {
    name: "a report without work that goes on after its lease was lost: an application had pulled it, or a handler ran",
    good: lostWhileClosing(true),
    invariant: "I-14",
    bad: lostWhileClosing(false),
  },
  {
    name: "a message that was acked without a run, perhaps: its handler had succeeded here before, or had failed",
    good: perhapsAckedAgain("ack"),
    invariant: "I-1",
    bad: perhapsAckedAgain("throw"),
  },
  {
    name: "the same: its handler had succeeded in this process, or in another one",
    good: perhapsAckedAgain("ack"),
    invariant: "I-1",
    bad: perhapsAckedAgain("ack", "worker-2"),
  },
  {
    name: "a dead letter that is handled again: the original was gone when its lease had run out, or before",
    good: lateDead(3_000),
    invariant: "I-12",
    bad: lateDead(500),
  },
  {
    name: "two dead letters of a body that nobody can read: the first copy seemed to fail, or was never made",
    good: unreadable(true),
    invariant: "I-11",
    bad: unreadable(false),
  },
  {
    name: "a second run of what went back unfinished: by its clock the service handed it out just before that, or long before",
    good: backUnfinished(20),
    invariant: "I-5",
    bad: backUnfinished(2_000),
  },
  {
    name: "a second run of what went back unfinished: it began after that, or before",
    good: backUnfinished(20),
    invariant: "I-5",
    bad: backUnfinished(20, "before"),
  },
];

function lostWhileClosing(isPulled: boolean): readonly HistoryEvent[] {
  const all = history().send("m").deliver("m", "t1", { leaseMs: 1_000 });
  all.event("handle.start", { tok: "t1", ...(isPulled && { isPulled }) });
  all.renew("t1", "lost").abort("t1").close({ handled: 0, released: 0, abandoned: 0 }).wait(1_000);
  return all.end("t1", "aborted").handle("m", "t2", { proc: "other" }).drained();
}

/** A copy is made under a lease of a second, and the original is confirmed gone `ms` later; it is handled again. */
function lateDead(ms: number): readonly HistoryEvent[] {
  const all = history().send("m").deliver("m", "t1", { leaseMs: 1_000 }).start("t1").end("t1", "dead");
  const op = all.copy("m").event("settle.invoke", { tok: "t1", kind: "dead" });
  if (ms < 1_000) all.wait(ms).event("settle.ok", { tok: "t1", kind: "dead" }, { op });
  all.wait(2_000).handle("m", "t2", { proc: "other" });
  if (ms > 1_000) all.wait(ms - 2_000).event("settle.ok", { tok: "t1", kind: "dead" }, { op });
  return all.deadLetter("m").drained();
}

/** Given back without a run at first, and given up when it comes again. */
function unreadable(isCopied: boolean): readonly HistoryEvent[] {
  const all = history().send("m").deliver("m", "t1");
  if (isCopied) all.copy("m");
  all.settle("t1", "release").deliver("m", "t2").copy("m").settle("t2", "dead");
  return all.deadLetter("m", { bid: "1" }).deadLetter("m", { bid: "2" }).drained();
}

/** The first lease expires before anything is settled; the second is acked at once without an answer. */
function perhapsAckedAgain(result: "ack" | "throw", proc = "worker"): readonly HistoryEvent[] {
  const first = history().send("m").deliver("m", "t1", { leaseMs: 1_000 }).start("t1").end("t1", result);
  return first.wait(2_000).deliver("m", "t2", { proc }).settle("t2", "ack", "info").drained();
}

/** A dead letter that is confirmed `ms` after its request, under a lease of two seconds. */
function confirmedAfter(ms: number): readonly HistoryEvent[] {
  const all = history().send("m").deliver("m", "t1", { leaseMs: 2_000 }).start("t1").end("t1", "dead");
  const op = all.event("settle.invoke", { tok: "t1", kind: "dead" });
  all.wait(ms).event("settle.ok", { tok: "t1", kind: "dead" }, { op });
  return all.deadLetter("m").close({ handled: 0, released: 0, abandoned: 0 }).drained();
}

/** A close gives back what its handler does not end; the service's clock is behind ours. */
function backUnfinished(behindMs: number, begins: "before" | "after" = "after"): readonly HistoryEvent[] {
  const all = history().send("m").handOut("one").deliver("m", "t1", { lease: "one", leaseMs: 60_000 });
  all.start("t1").event("handle.abort", { tok: "t1", reason: "CANCELLED" });
  all.handOut("two").wait(behindMs);
  if (begins === "after") all.settle("t1", "release");
  all.deliver("m", "t2", { lease: "two", leaseMs: 60_000, proc: "other" }).start("t2");
  if (begins === "before") all.settle("t1", "release");
  return all.end("t2").settle("t2").drained();
}
