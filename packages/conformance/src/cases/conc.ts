import assert from "node:assert/strict";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { aborted, createGate } from "../gate.ts";
import { numbers } from "../recorder.ts";

/** Concurrency and back-pressure. */
export const CONC: readonly ConformanceCase[] = caseGroup("CONC", [
  {
    id: "CONC-01",
    title: "as many handlers run as allowed, never more",
    rule: "D1",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("they are confirmed", queue.send(30));
      const recorder = bench.recorder();
      void bench.start(
        queue.consumer({ concurrency: 3 }),
        recorder.handler(() => bench.time.beat()),
      );
      await bench.until("all are handled", () => recorder.succeeded >= 30);
      assert.equal(recorder.maxRunning, 3, "handlers at once");
      recorder.assertSeqs(numbers(30));
    },
  },
  {
    id: "CONC-02",
    title: "a changed concurrency takes effect at once",
    rule: "D1",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("they are confirmed", queue.send(12));
      const recorder = bench.recorder();
      const gate = createGate();
      const consumer = queue.consumer({ concurrency: 2, prefetch: 0 });
      void bench.start(
        consumer,
        recorder.handler(() => gate.opened),
      );
      await bench.until("two run", () => recorder.running === 2);
      consumer.concurrency = 9;
      consumer.concurrency = 5;
      await bench.until("five run", () => recorder.running === 5);
      await bench.advance(1_000);
      assert.equal(recorder.maxRunning, 5, "handlers at once");
      gate.open();
      await bench.until("all are handled", () => recorder.succeeded >= 12);
    },
  },
  {
    id: "CONC-03",
    title: "no more is held than runs and waits by option",
    rule: "D1",
    level: "both",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("they are confirmed", queue.send(20));
      const recorder = bench.recorder();
      const gate = createGate();
      void bench.start(
        queue.consumer({ concurrency: 2, prefetch: 2 }),
        recorder.handler(() => gate.opened),
      );
      await bench.until("two run", () => recorder.running === 2);
      await bench.advance(1_000);
      const driver = bench.driver(queue);
      const left = await driver.receiveNow(await driver.consumer());
      assert.ok(left.length >= 16, `${20 - left.length} of 20 are held by a consumer of 2 + 2`);
      gate.open();
    },
  },
  {
    id: "CONC-05",
    title: "an idle consumer gets work while another is busy",
    rule: "D1",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const gate = createGate();
      const busy = bench.recorder();
      await bench.settled("it is confirmed", queue.send());
      void bench.start(
        queue.consumer({ concurrency: 1 }),
        busy.handler(() => gate.opened),
      );
      await bench.until("one is busy", () => busy.running === 1);
      await bench.settled("more is confirmed", queue.send(5));
      const idle = bench.recorder();
      void bench.start(queue.consumer({ concurrency: 1 }, queue.otherClient()), idle.handler());
      await bench.until("the other does the rest", () => idle.succeeded >= 5, bench.leaseMs / 2);
      gate.open();
      await bench.until("the busy one ends", () => busy.succeeded === 1);
    },
  },
  {
    id: "CONC-06",
    title: "after saturation the flow resumes by itself",
    rule: "D1",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const recorder = bench.recorder();
      const gate = createGate();
      void bench.start(
        queue.consumer({ concurrency: 2 }),
        recorder.handler(() => gate.opened),
      );
      await bench.settled("they are confirmed", queue.send(10));
      await bench.until("it is saturated", () => recorder.running === 2);
      await bench.advance(2 * bench.leaseMs);
      gate.open();
      await bench.until("all are handled", () => recorder.succeeded >= 10);
    },
  },
  {
    id: "CONC-08",
    title: "a handler that never ends is aborted at its timeout and its slot is free",
    rule: "D3",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 3, delay: "1s" } });
      await bench.settled("they are confirmed", queue.send(2));
      const recorder = bench.recorder();
      const hanging = recorder.handler(async (_, { signal }) => {
        if (recorder.started > 1) return;
        await aborted(signal);
        await createGate().opened;
      });
      void bench.start(queue.consumer({ concurrency: 1, handlerTimeout: "5s" }), hanging);
      await bench.until("both are handled", () => recorder.succeeded === 2);
      const [hung] = recorder.deliveries;
      assert.equal(hung?.context.signal.aborted, true, "the hung handler's signal");
      assert.equal(recorder.runsOf(hung.seq).length, 2, "runs of its message");
    },
  },
  {
    id: "CONC-09",
    title: "24 queues in one process do not starve each other",
    rule: "D1",
    level: "portable",
    needs: ["base"],
    tags: ["slow"],
    async run(bench) {
      const queues = await Promise.all(numbers(24).map(() => bench.queue()));
      const client = bench.connect(queues);
      const recorders = queues.map((queue) => {
        const recorder = bench.recorder();
        void bench.start(queue.consumer({ concurrency: 2 }, client), recorder.handler());
        return recorder;
      });
      await bench.until(
        "all ask",
        () => new Set(bench.plan.calls("receive").map(({ entity }) => entity)).size === 24,
      );
      await bench.settled("they are confirmed", Promise.all(queues.map((queue) => queue.send(3))));
      await bench.until(
        "all arrive",
        () => recorders.every(({ succeeded }) => succeeded >= 3),
        bench.leaseMs,
      );
      for (const recorder of recorders) recorder.assertSeqs(numbers(3));
    },
  },
  {
    id: "CONC-10",
    title: "no more handlers start within a period than the rate allows",
    rule: "D1",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("they are confirmed", queue.send(20));
      const recorder = bench.recorder();
      void bench.start(queue.consumer({ rateLimit: { count: 5, per: "2s" } }), recorder.handler());
      await bench.until("all are handled", () => recorder.succeeded >= 20);
      const starts = recorder.deliveries.map(({ startedAtMs }) => startedAtMs);
      for (const [index, startedAtMs] of starts.entries()) {
        const sixth = starts[index + 5];
        if (sixth !== undefined)
          assert.ok(sixth - startedAtMs >= 1_990, `6 starts within ${sixth - startedAtMs} ms`);
      }
    },
  },
]);
