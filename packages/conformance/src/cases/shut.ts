import assert from "node:assert/strict";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { assertNoDeadLetters } from "../dead-letters.ts";
import { aborted, createGate } from "../gate.ts";
import { heldRun } from "../held-run.ts";
import { numbers } from "../recorder.ts";

/** Shutdown. */
export const SHUT: readonly ConformanceCase[] = caseGroup("SHUT", [
  {
    id: "SHUT-01",
    title: "closing during an idle long poll takes less than a second",
    rule: "D1",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const consumer = queue.consumer();
      void bench.start(consumer, () => undefined);
      await bench.until("it asks", () => bench.plan.count("receive") > 0);
      await bench.settled("it closes", consumer.close(), 1_000);
    },
  },
  {
    id: "SHUT-02",
    title: "closing waits for handlers and for their settlements",
    rule: "D8",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("it is confirmed", queue.send());
      const { consumer, gate } = await heldRun(bench, queue);
      let isClosed = false;
      const closing = consumer.close().then((report) => {
        isClosed = true;
        return report;
      });
      await bench.advance(2_000);
      assert.equal(isClosed, false, "the close resolved while a handler still ran");
      gate.open();
      const report = await bench.settled("it closes", closing);
      assert.deepEqual(
        { ...report },
        { handled: 1, released: 0, unsettled: 0, abandoned: 0 },
        "the report of the close: the message was handled",
      );
      const acks = bench.plan.calls("ack");
      assert.ok(
        acks.length === 1 && acks[0]?.endedAtMs !== undefined,
        "one ack was sent, and the service had confirmed it when the close ended",
      );
    },
  },
  {
    id: "SHUT-03",
    title: "at the deadline handlers are aborted, their messages are given back, and the report says so",
    rule: "D8",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("it is confirmed", queue.send());
      const recorder = bench.recorder();
      const consumer = queue.consumer();
      const obedient = recorder.handler(async (_, { signal }) => {
        await aborted(signal);
        throw signal.reason;
      });
      void bench.start(consumer, obedient);
      await bench.until("it runs", () => recorder.running === 1);
      const report = await bench.settled("it closes", consumer.close({ timeout: "3s" }), 20_000);
      assert.deepEqual(
        { ...report },
        { handled: 0, released: 1, unsettled: 0, abandoned: 0 },
        "the report of the close: the message of the aborted handler was given back",
      );
      const after = bench.recorder();
      void bench.start(queue.consumer({}, queue.otherClient()), after.handler());
      await bench.until("another handles it at once", () => after.succeeded === 1, bench.leaseMs / 2);
    },
  },
  {
    id: "SHUT-04",
    title: "deliveries that no handler began go back at once when closing begins",
    rule: "D1",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("they are confirmed", queue.send(5));
      const recorder = bench.recorder();
      const gate = createGate();
      const consumer = queue.consumer({ concurrency: 1, prefetch: 4 });
      void bench.start(
        consumer,
        recorder.handler(() => gate.opened),
      );
      await bench.until("it runs", () => recorder.running === 1);
      await bench.advance(1_000);
      const closing = bench.background(consumer.close());
      const other = bench.recorder();
      void bench.start(queue.consumer({}, queue.otherClient()), other.handler());
      await bench.until("another handles the rest at once", () => other.succeeded >= 4, bench.leaseMs / 2);
      gate.open();
      await bench.settled("it closes", closing);
      assert.deepEqual(
        [...recorder.seqs(), ...other.seqs()].toSorted((a, b) => a - b),
        numbers(5),
        "each message is handled once, by this consumer or by the one that got it back",
      );
    },
  },
  {
    id: "SHUT-05",
    title: "a handler that shutdown cancelled has not failed",
    rule: "D8",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 1, delay: "1m" } });
      await bench.settled("it is confirmed", queue.send());
      const recorder = bench.recorder();
      const consumer = queue.consumer();
      const cancelled = recorder.handler(async (_, { signal }) => {
        await aborted(signal);
        throw signal.reason;
      });
      void bench.start(consumer, cancelled);
      await bench.until("it runs", () => recorder.running === 1);
      await bench.settled("it closes", consumer.close({ timeout: "1s" }), 20_000);
      const after = bench.recorder();
      void bench.start(queue.consumer({}, queue.otherClient()), after.handler());
      await bench.until(
        "another handles it without back-off",
        () => after.succeeded === 1,
        bench.leaseMs / 2,
      );
      await assertNoDeadLetters(bench, queue);
      assert.equal(
        bench.reported("dead-lettered").length,
        0,
        "dead-lettered events for a message whose handler was cancelled: that is no failure",
      );
    },
  },
  {
    id: "SHUT-06",
    title: "the leases of running handlers are renewed while closing waits for them",
    rule: "D14",
    level: "portable",
    needs: ["leaseExtend"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("it is confirmed", queue.send());
      const { consumer, gate } = await heldRun(bench, queue);
      const closing = bench.background(consumer.close({ timeout: "10m" }));
      const rival = bench.recorder();
      void bench.start(queue.consumer({}, queue.otherClient()), rival.handler());
      await bench.advance(3 * bench.leaseMs);
      gate.open();
      assert.equal(
        (await bench.settled("it closes", closing)).handled,
        1,
        "messages that the close reports as handled",
      );
      await bench.advance(2 * bench.leaseMs);
      assert.equal(
        rival.started,
        0,
        "runs in another consumer: the lease is renewed while the close waits for the handler",
      );
    },
  },
]);
