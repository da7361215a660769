import type { HistoryEvent } from "../../src/history/history-event.ts";
import type { HistoryPromises } from "../../src/history/invariant.ts";
import { history } from "./history-builder.ts";

/** A history that breaks a promise. */
export interface BadHistory {
  readonly name: string;
  readonly events: readonly HistoryEvent[];
  readonly promises?: Partial<HistoryPromises>;
  /** Other invariants that the same fault necessarily breaks. */
  readonly also?: readonly string[];
}

const keyed = (kseq: number): { readonly key: string; readonly kseq: number } => ({ key: "k", kseq });

/** At least two hand-written histories for each invariant up to I-9 that can fail; it must catch both. */
export const BAD_1_TO_9: Readonly<Record<string, readonly BadHistory[]>> = {
  "I-1": [
    { name: "a confirmed message is never seen again", events: history().send("m").drained() },
    {
      name: "a message is delivered, released and gone",
      events: history().send("m").fail("m", "t1").drained(),
    },
  ],
  "I-2": [
    { name: "a message comes that nobody sent", events: history().handle("m", "t1").drained() },
    { name: "a failed send was stored", events: history().send("m", "fail").handle("m", "t1").drained() },
    {
      name: "a dead letter that nobody sent",
      events: history().deadLetter("m").drained(),
    },
  ],
  "I-4": [
    {
      name: "a body changes on its way",
      events: history().send("m").handle("m", "t1", { hash: "another" }).drained(),
    },
    {
      name: "a dead letter loses an attribute",
      events: history()
        .send("m")
        .deliver("m", "t1")
        .start("t1")
        .end("t1", "dead")
        .settle("t1", "dead")
        .deadLetter("m", { hash: "another" })
        .drained(),
    },
  ],
  "I-5": [
    {
      name: "a message is handled twice for no reason",
      events: history()
        .send("m")
        .deliver("m", "t1")
        .start("t1")
        .end("t1")
        .handle("m", "t2")
        .settle("t1")
        .drained(),
      also: ["I-7"],
    },
    {
      name: "a message that was deduplicated is handled twice",
      events: history()
        .send("m", "info", { dedup: "d" })
        .send("m", "ok", { dedup: "d" })
        .handle("m", "t1")
        .handle("m", "t2")
        .drained(),
    },
    {
      name: "one failure, two more runs",
      events: history().send("m").fail("m", "t1").handle("m", "t2").handle("m", "t3").drained(),
    },
  ],
  "I-6": [
    {
      name: "an ack is confirmed after the broker said that the lease is lost",
      events: history()
        .send("m")
        .deliver("m", "t1")
        .start("t1")
        .renew("t1", "lost")
        .end("t1")
        .settle("t1")
        .drained(),
    },
    {
      name: "an ack is confirmed long after the lease ended",
      events: history()
        .send("m")
        .deliver("m", "t1", { leaseMs: 100 })
        .start("t1")
        .wait(1_000)
        .end("t1")
        .settle("t1")
        .drained(),
    },
  ],
  "I-7": [
    {
      name: "an acked message comes again",
      events: history().send("m").handle("m", "t1").wait(1_000).deliver("m", "t2").drained(),
    },
    {
      name: "more acked messages come again than the service admits",
      events: ["a", "b"]
        .reduce(
          (all, mid) => all.send(mid).handle(mid, `${mid}1`).wait(1_000).deliver(mid, `${mid}2`),
          history(),
        )
        .drained(),
      promises: { anomalyRate: 0.5 },
    },
  ],
  "I-8": [
    {
      name: "two consumers handle one message at a time",
      events: history()
        .send("m")
        .deliver("m", "t1", { leaseMs: 60_000 })
        .start("t1")
        .wait(1_000)
        .deliver("m", "t2", { consumer: "c-2", leaseMs: 60_000 })
        .start("t2")
        .wait(1_000)
        .end("t1")
        .settle("t1")
        .end("t2")
        .drained(),
      also: ["I-5"],
    },
    {
      name: "a handler goes on for long after its lease was lost, and is not told",
      events: history()
        .send("m")
        .deliver("m", "t1", { leaseMs: 100 })
        .start("t1")
        .wait(1_000)
        .deliver("m", "t2", { leaseMs: 60_000 })
        .start("t2")
        .wait(5_000)
        .end("t1")
        .end("t2")
        .settle("t2")
        .drained(),
    },
  ],
  "I-9": [
    {
      name: "a follower overtakes",
      events: history()
        .send("m1", "ok", keyed(1))
        .send("m2", "ok", keyed(2))
        .handle("m2", "t2")
        .handle("m1", "t1")
        .drained(),
      promises: { ordered: true },
    },
    {
      name: "a follower begins while the one before it waits for its retry",
      events: history()
        .send("m1", "ok", keyed(1))
        .send("m2", "ok", keyed(2))
        .fail("m1", "t1")
        .handle("m2", "t2")
        .handle("m1", "t3")
        .drained(),
      promises: { ordered: true },
    },
  ],
};
