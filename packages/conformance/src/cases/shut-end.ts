import assert from "node:assert/strict";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { heldRun } from "../held-run.ts";
import { numbers } from "../recorder.ts";

/** Shutdown: producers, clients, repetition. */
export const SHUT_END: readonly ConformanceCase[] = caseGroup("SHUT", [
  {
    id: "SHUT-07",
    title: "closing the client confirms what its producers accepted",
    rule: "D8",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const producer = queue.producer();
      const sends = numbers(25).map((seq) => producer.send(queue.body(seq)));
      const ended = Promise.allSettled(sends);
      await bench.settled("it closes", queue.client.close());
      const outcomes = await bench.settled("the sends end", ended, 1_000);
      assert.ok(
        outcomes.every(({ status }) => status === "fulfilled"),
        "every send that was accepted before the close is confirmed",
      );
      const recorder = bench.recorder();
      void bench.start(queue.consumer({}, queue.otherClient()), recorder.handler());
      await bench.until("they arrive", () => recorder.succeeded >= 25);
      recorder.assertSeqs(numbers(25));
    },
  },
  {
    id: "SHUT-08",
    title: "closing finishes a settlement that is being repeated",
    rule: "D8",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("it is confirmed", queue.send());
      bench.plan.fail({ operation: "ack", code: "UNAVAILABLE", times: 2 });
      const recorder = bench.recorder();
      const consumer = queue.consumer();
      void bench.start(consumer, recorder.handler());
      await bench.until("the ack failed", () => bench.plan.count("ack") > 0);
      const report = await bench.settled("it closes", consumer.close());
      assert.equal(
        report.handled,
        1,
        "messages that the close reports as handled: its ack was repeated until it succeeded",
      );
      await bench.advance(2 * bench.leaseMs);
      const after = bench.recorder();
      void bench.start(queue.consumer({}, queue.otherClient()), after.handler());
      await bench.advance(2 * bench.leaseMs);
      assert.equal(
        after.started,
        0,
        "runs of the message in another process: it was acked before the close ended",
      );
    },
  },
  {
    id: "SHUT-09",
    title: "concurrent closes are one",
    rule: "D8",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("it is confirmed", queue.send());
      const { consumer, gate, run } = await heldRun(bench, queue);
      const closes = [consumer.close(), consumer.close(), queue.client.close()];
      gate.open();
      const reports = await bench.settled("all close", Promise.all(closes));
      assert.deepEqual(
        reports.map(({ handled }) => handled),
        [1, 1, 1],
        "concurrent closes resolve with the same report, of one handled message",
      );
      assert.deepEqual(
        await bench.settled("the run resolves", run),
        reports[0],
        "the run resolves with the report of its close",
      );
    },
  },
  {
    id: "SHUT-10",
    title: "after closing nothing calls the service any more",
    rule: "D8",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("they are confirmed", queue.send(3));
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("they are handled", () => recorder.succeeded === 3);
      await bench.settled("it closes", queue.client.close());
      const calls = bench.plan.count();
      assert.ok(
        bench.plan.calls().every(({ endedAtMs }) => endedAtMs !== undefined),
        "every driver call has ended when the close has",
      );
      await bench.advance(2 * bench.leaseMs);
      assert.equal(
        bench.plan.count(),
        calls,
        "driver calls after the close: there may be no more than before",
      );
    },
  },
  {
    id: "SHUT-11",
    title: "consumers that come and go lose nothing",
    rule: "D8",
    level: "portable",
    needs: ["release"],
    tags: ["slow"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("they are confirmed", queue.send(300));
      const recorder = bench.recorder();
      for (let cycle = 1; recorder.succeeded < 300; cycle += 1) {
        assert.ok(cycle <= 40, `${recorder.succeeded} of 300 after ${cycle} cycles`);
        const client = queue.otherClient();
        void bench.start(
          queue.consumer({ concurrency: 8, prefetch: 8 }, client),
          recorder.handler(() => bench.time.beat()),
        );
        const goal = Math.min(300, recorder.succeeded + 40);
        await bench.until("some are handled", () => recorder.succeeded >= goal);
        await bench.settled("it closes", client.close());
      }
      recorder.assertSeqs(numbers(300));
    },
  },
  {
    id: "SHUT-12",
    title: "disposing is closing",
    rule: "D8",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("it is confirmed", queue.send());
      const { consumer, gate, run } = await heldRun(bench, queue);
      const disposing = consumer[Symbol.asyncDispose]();
      gate.open();
      await bench.settled("it is disposed", Promise.resolve(disposing));
      assert.equal(
        (await bench.settled("the run resolves", run)).handled,
        1,
        "messages that the run reports as handled when it was disposed",
      );
    },
  },
]);
