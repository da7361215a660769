import type { BadHistory } from "./bad-histories-1-to-9.ts";
import { history } from "./history-builder.ts";

/** At least two hand-written histories for each invariant from I-10 on; that invariant must catch them. */
export const BAD_10_TO_17: Readonly<Record<string, readonly BadHistory[]>> = {
  "I-10": [
    {
      name: "a number falls",
      events: history().send("m").fail("m", "t1", { attempt: 2 }).handle("m", "t2", { attempt: 1 }).drained(),
    },
    {
      name: "an exact service counts two deliveries as one",
      events: history().send("m").fail("m", "t1", { attempt: 1 }).handle("m", "t2", { attempt: 1 }).drained(),
      promises: { deliveryCount: "exact" },
    },
  ],
  "I-11": [
    {
      name: "a message that was given up is nowhere",
      events: history()
        .send("m")
        .deliver("m", "t1")
        .start("t1")
        .end("t1", "dead")
        .settle("t1", "dead")
        .drained(),
      also: ["I-1"],
    },
    {
      name: "a dead letter after one failure of five",
      events: history().send("m").fail("m", "t1", { attempt: 1 }).deadLetter("m").drained(),
      promises: { attempts: 5 },
    },
    {
      name: "three dead letters of one message",
      events: history()
        .send("m")
        .bury("m", "t1")
        .deadLetter("m", { bid: "x" })
        .deadLetter("m", { bid: "y" })
        .drained(),
    },
    {
      name: "a dead letter without a reason",
      events: history()
        .send("m")
        .deliver("m", "t1")
        .start("t1")
        .end("t1", "dead")
        .settle("t1", "dead")
        .deadLetter("m", { reason: undefined })
        .drained(),
    },
  ],
  "I-12": [
    {
      name: "a message is acked and a dead letter",
      events: history().send("m").bury("m", "t1").handle("m", "t2").drained(),
    },
    {
      name: "a message is acked and in its queue",
      events: (() => {
        const all = history().send("m").handle("m", "t1");
        all.event("drain.deliver", { mid: "m", dest: "orders" });
        return all.drained();
      })(),
    },
  ],
  "I-13": [
    {
      name: "nothing is handled for long after the fault",
      events: history().send("m").fault("F-04").wait(60_000).handle("m", "t1").drained(),
      promises: { recoveryMs: 5_000 },
    },
    {
      name: "nothing is ever handled after the fault",
      events: history().send("m").fault("F-04").drained(),
      promises: { recoveryMs: 5_000 },
      also: ["I-1"],
    },
    {
      name: "a drain takes too long",
      events: (() => {
        const all = history().send("m").handle("m", "t1");
        all.event("drain.start", { dest: "orders" });
        all.wait(60_000).event("drain.end", { dest: "orders", emptyPolls: 3 });
        return all.events;
      })(),
      promises: { drainMs: 10_000 },
    },
    {
      name: "a message is still in its queue although there was time for all",
      events: (() => {
        const all = history().send("m").send("n").handle("n", "t1");
        all.event("drain.deliver", { mid: "m", dest: "orders" });
        return all.drained();
      })(),
      promises: { finishes: true },
    },
  ],
  "I-14": [
    {
      name: "a report counts too many",
      events: history()
        .send("m")
        .handle("m", "t1")
        .close({ handled: 2, released: 0, abandoned: 0 })
        .drained(),
    },
    {
      name: "a handler runs on and the report does not say so",
      events: history()
        .send("m")
        .deliver("m", "t1")
        .start("t1")
        .close({ handled: 0, released: 1, abandoned: 0 })
        .wait(100)
        .end("t1", "aborted")
        .handle("m", "t2", { consumer: "c-2" })
        .drained(),
    },
    {
      name: "a message is taken after the close",
      events: history()
        .send("m")
        .close({ handled: 1, released: 0, abandoned: 0 })
        .handle("m", "t1")
        .drained(),
    },
  ],
  "I-15": [
    {
      name: "two handlers where one may run",
      events: history()
        .send("a")
        .send("b")
        .deliver("a", "t1")
        .deliver("b", "t2")
        .start("t1")
        .start("t2")
        .end("t1")
        .end("t2")
        .settle("t1")
        .settle("t2")
        .drained(),
      promises: { concurrency: 1 },
    },
    {
      name: "leases are hoarded",
      events: ["a", "b", "c"]
        .reduce(
          (all, mid) => all.handle(mid, `${mid}1`),
          ["a", "b", "c"].reduce((all, mid) => all.send(mid).deliver(mid, `${mid}0`), history()),
        )
        .drained(),
      promises: { concurrency: 1, prefetch: 1 },
    },
  ],
  "I-16": [
    {
      name: "three receives a message",
      events: (() => {
        const all = history().send("m").handle("m", "t1");
        all.event("cost", { operation: "receive", calls: 3, empty: 0, durationMs: 1_000 });
        return all.drained();
      })(),
      promises: { callsPerMessage: { receive: 2 } },
    },
    {
      name: "an idle consumer asks in a hot loop",
      events: (() => {
        const all = history().send("m").handle("m", "t1");
        all.event("cost", { operation: "receive", calls: 700, empty: 699, durationMs: 60_000 });
        return all.drained();
      })(),
      promises: { emptyAsksPerMinute: 60 },
    },
    {
      name: "a lease is renewed at every turn",
      events: history()
        .send("m")
        .deliver("m", "t1", { leaseMs: 1_000 })
        .start("t1")
        .renew("t1")
        .renew("t1")
        .renew("t1")
        .end("t1")
        .settle("t1")
        .drained(),
      promises: { renewEveryMs: 500 },
    },
  ],
  "I-17": [
    {
      name: "a delayed message is handled at once",
      events: history().send("m", "ok", { delayMs: 10_000 }).handle("m", "t1").drained(),
    },
    {
      name: "a message comes again at once that was released with a delay",
      events: history()
        .send("m")
        .deliver("m", "t1")
        .start("t1")
        .end("t1", "retry")
        .settle("t1", "release", "ok", 10_000)
        .handle("m", "t2", { attempt: 2 })
        .drained(),
    },
    {
      name: "an expired message is handed out and handled",
      events: history().send("m", "ok", { ttlMs: 1_000 }).wait(5_000).handle("m", "t1").drained(),
    },
    {
      name: "a message comes long after its delay is over",
      events: history().send("m", "ok", { delayMs: 1_000 }).wait(20_000).handle("m", "t1").drained(),
      promises: { promptMs: 5_000 },
    },
    {
      name: "a message expires before anybody has it, although there was time",
      events: history().send("m", "ok", { delayMs: 1_000, ttlMs: 9_000 }).wait(20_000).drained(),
      promises: { promptMs: 5_000 },
    },
  ],
};
