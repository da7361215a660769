import { expect, test } from "vitest";
import { checkHistory } from "../../src/history/check-history.ts";
import type { HistoryEvent } from "../../src/history/history-event.ts";
import type { HistoryPromises } from "../../src/history/invariant.ts";
import { history } from "./history-builder.ts";

interface GoodHistory {
  readonly name: string;
  readonly events: readonly HistoryEvent[];
  readonly promises?: Partial<HistoryPromises>;
}

const keyed = (kseq: number): { readonly key: string; readonly kseq: number } => ({ key: "k", kseq });

const GOOD: readonly GoodHistory[] = [
  { name: "nothing at all", events: history().drained() },
  { name: "one message, handled", events: history().send("m").handle("m", "t1").drained() },
  { name: "a message that is still in its queue", events: leftover() },
  {
    name: "two failures and a success, counted",
    events: history()
      .send("m")
      .fail("m", "t1", { attempt: 1 })
      .fail("m", "t2", { attempt: 2 })
      .handle("m", "t3", { attempt: 3 })
      .close({ handled: 1, released: 0, abandoned: 0 })
      .drained(),
    promises: { deliveryCount: "exact", attempts: 5, concurrency: 1, prefetch: 0 },
  },
  {
    name: "a send of unknown outcome, sent again, handled twice",
    events: history()
      .send("m", "info")
      .send("m")
      .handle("m", "t1", { bid: "1" })
      .handle("m", "t2", { bid: "2" })
      .drained(),
  },
  { name: "a send that failed and stored nothing", events: history().send("m", "fail").drained() },
  {
    name: "a producer that died in a send, whose message arrived",
    events: history().send("m", "died").handle("m", "t1").drained(),
  },
  {
    name: "a worker that was killed in a handler",
    events: history()
      .send("m")
      .deliver("m", "t1", { proc: "worker-1", leaseMs: 2_000 })
      .start("t1")
      .kill("worker-1")
      .wait(2_000)
      .handle("m", "t2")
      .drained(),
  },
  {
    name: "a lost lease whose handler was told, and whose result was ignored",
    events: history()
      .send("m")
      .deliver("m", "t1", { leaseMs: 1_000 })
      .start("t1")
      .renew("t1", "fail")
      .wait(1_000)
      .abort("t1")
      .deliver("m", "t2", { leaseMs: 60_000 })
      .start("t2")
      .wait(5_000)
      .end("t1", "aborted")
      .end("t2")
      .settle("t2")
      .drained(),
  },
  {
    name: "an ack whose answer was lost, and a redelivery that was acked without a run",
    events: history()
      .send("m")
      .deliver("m", "t1")
      .start("t1")
      .end("t1")
      .settle("t1", "ack", "info")
      .deliver("m", "t2")
      .settle("t2")
      .drained(),
  },
  {
    name: "a late ack where the service takes it",
    events: history()
      .send("m")
      .deliver("m", "t1", { leaseMs: 100 })
      .start("t1")
      .wait(1_000)
      .abort("t1")
      .end("t1")
      .settle("t1")
      .drained(),
    promises: { lateAcks: true },
  },
  {
    name: "a long handler whose lease is renewed in time",
    events: history()
      .send("m")
      .deliver("m", "t1", { leaseMs: 1_000 })
      .start("t1")
      .wait(500)
      .renew("t1")
      .wait(500)
      .renew("t1")
      .wait(400)
      .end("t1")
      .settle("t1")
      .drained(),
    promises: { renewEveryMs: 500 },
  },
  {
    name: "a key in order, a failure in the middle",
    events: history()
      .send("m1", "ok", keyed(1))
      .send("m2", "ok", keyed(2))
      .send("m3", "fail", keyed(3))
      .send("m4", "ok", keyed(4))
      .handle("m1", "t1")
      .fail("m2", "t2")
      .deliver("m4", "t3")
      .settle("t3", "release")
      .handle("m2", "t4")
      .handle("m4", "t5")
      .drained(),
    promises: { ordered: true },
  },
  {
    name: "a poison message of a key, given up before its follower begins",
    events: history()
      .send("m1", "ok", keyed(1))
      .send("m2", "ok", keyed(2))
      .fail("m1", "t1", { attempt: 1 })
      .bury("m1", "t2", { attempt: 2 })
      .handle("m2", "t3")
      .close({ handled: 2, released: 0, abandoned: 0 })
      .drained(),
    promises: { ordered: true, attempts: 2 },
  },
  {
    name: "a worker that was killed between copy and ack: two dead letters",
    events: history()
      .send("m")
      .deliver("m", "t1", { proc: "worker-1", leaseMs: 1_000 })
      .start("t1")
      .end("t1", "dead")
      .settle("t1", "dead", "open")
      .deadLetter("m", { bid: "d-1" })
      .kill("worker-1")
      .wait(1_000)
      .deliver("m", "t2")
      .start("t2")
      .end("t2", "dead")
      .settle("t2", "dead")
      .deadLetter("m", { bid: "d-2" })
      .drained(),
  },
  {
    name: "a copy whose answer was lost, the message given back for another try: two dead letters",
    events: history()
      .send("m")
      .deliver("m", "t1")
      .start("t1")
      .end("t1", "dead")
      .settle("t1", "release")
      .deadLetter("m", { bid: "d-1" })
      .deliver("m", "t2", { attempt: 2 })
      .start("t2")
      .end("t2", "dead")
      .settle("t2", "dead")
      .deadLetter("m", { bid: "d-2" })
      .drained(),
  },
  {
    name: "the service itself dead-letters what outlived its attempts",
    events: history().send("m").fail("m", "t1", { attempt: 5 }).deadLetter("m").drained(),
    promises: { attempts: 5 },
  },
  {
    name: "followers that the service delivers again by its promise",
    events: history().send("m").handle("m", "t1").wait(1_000).deliver("m", "t2").settle("t2").drained(),
    promises: { redeliversFollowers: true },
  },
  {
    name: "as many anomalies as the service admits",
    events: history()
      .send("a")
      .handle("a", "t1")
      .wait(1_000)
      .deliver("a", "t2")
      .send("b")
      .handle("b", "t3")
      .drained(),
    promises: { anomalyRate: 0.5 },
  },
  {
    name: "a duplicate that the broker was told to make",
    events: (() => {
      const all = history().send("m").deliver("m", "t1").start("t1").end("t1");
      all.event("fault.start", { fault: "F-09 duplicate" });
      return all.deliver("m", "t2").start("t2").end("t2").settle("t1").settle("t2").drained();
    })(),
  },
  {
    name: "a fault, and work within the recovery time",
    events: history().send("m").fault("F-04").wait(1_000).handle("m", "t1").drained(),
    promises: { recoveryMs: 5_000, drainMs: 5_000 },
  },
  {
    name: "a handler that a close abandons, as its report says",
    events: history()
      .send("m")
      .deliver("m", "t1")
      .start("t1")
      .abort("t1")
      .settle("t1", "release")
      .close({ handled: 0, released: 1, abandoned: 1 })
      .handle("m", "t2", { consumer: "c-2" })
      .end("t1", "aborted")
      .drained(),
  },
];

function leftover(): readonly HistoryEvent[] {
  const all = history().send("m");
  all.event("drain.deliver", { mid: "m", dest: "orders" });
  return all.drained();
}

test.each(GOOD)("passes: $name", ({ events, promises = {} }) => {
  const { verdict, invariants } = checkHistory(events, promises);
  expect(invariants.filter((one) => one.verdict === "fail")).toEqual([]);
  expect(verdict).toBe("pass");
});

test.each([
  ["no drain", history().send("m").events],
  ["no drain, every message done", history().send("m").handle("m", "t1").events],
  ["a drain that did not end", [...history().send("m").events, ...startedDrain()]],
  ["a drain that did not end, every message done", handledAnd(startedDrain())],
  ["too few empty asks", drainedBy({ emptyPolls: 1 })],
  ["a depth that is not zero", drainedBy({ emptyPolls: 9, depth: 1 })],
  ["a drain before its send", drainedTooSoon()],
  ["one of two queues drained", halfDrained()],
])("is unknown, never passed: %s", (_name, events) => {
  const { verdict, invariants } = checkHistory(events);
  expect(verdict).toBe("unknown");
  expect(invariants[0]).toMatchObject({ id: "I-1", verdict: "unknown" });
});

test("a queue that was not empty at first is drained when it is at last", () => {
  const events = history().send("m").handle("m", "t1");
  events.event("drain.end", { dest: "orders", emptyPolls: 1 });
  expect(checkHistory(events.events).verdict).toBe("unknown");
  expect(checkHistory(events.drained()).verdict).toBe("pass");
});

test("tells how many sends of unknown outcome had stored their message", () => {
  const { invariants, counts } = checkHistory(
    history().send("a", "info").send("b", "died").handle("b", "t1").send("c").handle("c", "t2").drained(),
  );
  expect(invariants[2]?.findings[0]?.text).toBe("1 of 2 sends of unknown outcome had stored their message");
  expect(counts).toEqual({ messages: 3, confirmed: 1, acked: 2, deadLettered: 0, handovers: 2, runs: 2 });
});

/** One message that is done, followed by `more`. */
function handledAnd(more: readonly HistoryEvent[]): readonly HistoryEvent[] {
  return [...history().send("m").handle("m", "t1").events, ...more];
}

function startedDrain(): readonly HistoryEvent[] {
  const all = history().wait(1_000);
  all.event("drain.start", { dest: "orders" });
  return all.events;
}

function drainedTooSoon(): readonly HistoryEvent[] {
  const all = history();
  all.drained();
  return all.send("m").handle("m", "t1").events;
}

/** Only the orders are proved empty, not the letters. */
function halfDrained(): readonly HistoryEvent[] {
  const all = history().send("m").handle("m", "t1");
  all.event("drain.start", { dest: "letters" });
  return all.drained();
}

function drainedBy(end: { readonly emptyPolls: number; readonly depth?: number }): readonly HistoryEvent[] {
  const all = history().send("m");
  all.event("drain.start", { dest: "orders" });
  all.event("drain.end", { dest: "orders", ...end });
  return all.events;
}
