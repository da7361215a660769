import { expect, test } from "vitest";
import { checkHistory } from "../../src/history/check-history.ts";
import type { HistoryEvent } from "../../src/history/history-event.ts";
import type { HistoryPromises } from "../../src/history/invariant.ts";
import { history, type HistoryBuilder } from "./history-builder.ts";

/** Good histories in which something comes late, as real processes write them. */
const GOOD: readonly {
  readonly name: string;
  readonly events: readonly HistoryEvent[];
  readonly promises?: Partial<HistoryPromises>;
}[] = [
  {
    name: "a lease that its holder gave up early, and a redelivery",
    events: history()
      .send("m")
      .deliver("m", "t1", { leaseMs: 5_000 })
      .start("t1")
      .end("t1")
      .abort("t1")
      .handle("m", "t2")
      .drained(),
  },
  {
    name: "a dead letter whose original was not known to be gone when its consumer closed, and a second copy",
    events: history()
      .send("m")
      .deliver("m", "t1", { leaseMs: 100 })
      .start("t1")
      .end("t1", "dead")
      .settle("t1", "dead", "open")
      .wait(200)
      .deadLetter("m", { bid: "1" })
      .bury("m", "t2")
      .drained(),
  },
  {
    name: "acks that wait for company, while what may run next is here",
    events: history()
      .send("a")
      .send("b")
      .deliver("a", "t1")
      .start("t1")
      .end("t1")
      .deliver("b", "t2")
      .start("t2")
      .end("t2")
      .settle("t1")
      .settle("t2")
      .drained(),
    promises: { concurrency: 1, prefetch: 0 },
  },
  {
    name: "a worker that was killed while its ack was on its way",
    events: history()
      .send("m")
      .deliver("m", "t1", { proc: "worker-1" })
      .start("t1")
      .end("t1")
      .settle("t1", "ack", "open")
      .kill("worker-1")
      .drained(),
  },
  {
    name: "an acked follower that comes again behind its failed head, where the service says so",
    events: follower(),
    promises: { redeliversFollowers: true },
  },
  { name: "a renewal in time whose answer came late", events: lateRenewal() },
  {
    name: "an ack that was confirmed after its lease was reported lost, and is not counted as handled",
    events: lostWhileAcking().close({ handled: 0, released: 0, abandoned: 0 }).drained(),
  },
  { name: "an ack in time whose answer came late", events: lateAnswer() },
];

function follower(): readonly HistoryEvent[] {
  const two = history().send("head", "ok", { key: "k" }).send("next", "ok", { key: "k" });
  const delivered = { bid: "2", key: "k" };
  two.deliver("head", "h1", { bid: "1", key: "k", leaseMs: 60_000 });
  two.handle("next", "n1", delivered).start("h1").end("h1", "throw").settle("h1", "release");
  return two.handle("head", "h2", { bid: "1", key: "k" }).handle("next", "n2", delivered).drained();
}

function lateRenewal(): readonly HistoryEvent[] {
  const late = history().send("m").deliver("m", "t1", { leaseMs: 1_000 }).start("t1").wait(900);
  const op = late.event("renew.invoke", { tok: "t1" });
  late.wait(500).event("renew.ok", { tok: "t1", until: 2_500_000_000 }, { op });
  return late.wait(500).end("t1").settle("t1").drained();
}

function lostWhileAcking(): HistoryBuilder {
  const lost = history().send("m").deliver("m", "t1").start("t1").end("t1");
  const op = lost.event("settle.invoke", { tok: "t1", kind: "ack" });
  lost.event("renew.lost", { tok: "t1" });
  lost.event("settle.ok", { tok: "t1", kind: "ack" }, { op });
  return lost;
}

function lateAnswer(): readonly HistoryEvent[] {
  const late = history().send("m").deliver("m", "t1", { leaseMs: 1_000 }).start("t1").end("t1");
  const op = late.event("settle.invoke", { tok: "t1", kind: "ack" });
  late.wait(3_000).event("settle.ok", { tok: "t1", kind: "ack" }, { op });
  return late.drained();
}

test.each(GOOD)("passes: $name", ({ events, promises = {} }) => {
  const { verdict, invariants } = checkHistory(events, promises);
  expect(invariants.filter((one) => one.verdict === "fail")).toEqual([]);
  expect(verdict).toBe("pass");
});
