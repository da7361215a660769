import assert from "node:assert/strict";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { createGate } from "../gate.ts";
import { numbers } from "../recorder.ts";

/** Consuming: iterating, pausing, restarting, counting. */
export const CONS_FLOW: readonly ConformanceCase[] = caseGroup("CONS", [
  {
    id: "CONS-09",
    title: "leaving the iterator by break or by throw gives back what was not settled",
    rule: "D1",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("the sends are confirmed", queue.send(4));
      const consumer = queue.consumer();
      const left = async (): Promise<void> => {
        for await (const message of consumer) {
          assert.equal(message.body.run, bench.run, "the iterator yields a message of this run");
          break;
        }
      };
      await bench.settled("the loop is left", left());
      const thrown = async (): Promise<void> => {
        for await (const message of consumer) {
          assert.equal(message.body.run, bench.run, "the iterator yields a message of this run");
          throw new Error("in the loop");
        }
      };
      await assert.rejects(
        bench.settled("the loop is left by a throw", thrown()),
        /in the loop/,
        "the loop rejects with what its body threw",
      );
      const recorder = bench.recorder();
      void bench.start(queue.consumer({}, queue.otherClient()), recorder.handler());
      await bench.until("all are there at once", () => recorder.succeeded >= 4, bench.leaseMs / 2);
      recorder.assertSeqs(numbers(4));
    },
  },
  {
    id: "CONS-10",
    title: "a paused consumer starts nothing but keeps the leases of what runs",
    rule: "D1",
    level: "portable",
    needs: ["leaseExtend"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("the send is confirmed", queue.send());
      const gate = createGate();
      const recorder = bench.recorder();
      const consumer = queue.consumer();
      void bench.start(
        consumer,
        recorder.handler(async ({ body }) => (body.seq === 0 ? await gate.opened : undefined)),
      );
      await bench.until("a handler runs", () => recorder.running === 1);
      consumer.pause();
      await bench.advance(1_000);
      await bench.settled("more is confirmed", queue.send(3));
      await bench.advance(3 * bench.leaseMs);
      recorder.assertSeqs([0]);
      gate.open();
      consumer.resume();
      await bench.until("the rest arrives", () => recorder.succeeded >= 4);
      recorder.assertSeqs(numbers(4));
    },
  },
  {
    id: "CONS-11",
    title: "a consumer that was closed can run again",
    rule: "D8",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const consumer = queue.consumer();
      const recorder = bench.recorder();
      for (const turn of [1, 2]) {
        await bench.settled("the send is confirmed", queue.send());
        const ran = bench.start(consumer, recorder.handler());
        await bench.until(`run ${turn} handles`, () => recorder.succeeded === turn);
        await bench.settled("it closes", consumer.close());
        await bench.settled("the run resolves", ran);
      }
      recorder.assertSeqs([0, 1]);
    },
  },
  {
    id: "CONS-12",
    title: "the attempt begins at 1 and grows by one with every redelivery",
    rule: "D5",
    level: "portable",
    needs: ["attempts"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 5, delay: "1s" } });
      await bench.settled("the send is confirmed", queue.send());
      const recorder = bench.recorder();
      const failing = recorder.handler((_, { attempt }) => {
        if (attempt < 4) throw new Error("not yet");
      });
      void bench.start(queue.consumer(), failing);
      await bench.until("it succeeds", () => recorder.succeeded === 1);
      assert.deepEqual(
        recorder.deliveries.map(({ attempt }) => attempt),
        [1, 2, 3, 4],
        "attempts of the handler's runs: deliveryCount begins at 1 and grows by one with each delivery",
      );
    },
  },
]);
