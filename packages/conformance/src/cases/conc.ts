import assert from "node:assert/strict";
import type { Bench } from "../bench.ts";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { aborted, createGate } from "../gate.ts";
import { numbers } from "../recorder.ts";
import { rejection } from "../rejection.ts";
import type { TestQueue } from "../test-queue.ts";

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
        recorder.handler(async () => {
          // Other handlers may take a moment: on an ordered target, messages of other keys come separately.
          for (let beats = 0; beats < 500 && recorder.maxRunning < 3; beats += 1) await bench.time.beat();
          await bench.time.beat();
        }),
      );
      await bench.until("all are handled", () => recorder.succeeded >= 30);
      assert.equal(recorder.maxRunning, 3, "most handlers at once with a concurrency of 3");
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
      assert.equal(recorder.maxRunning, 5, "most handlers at once since the concurrency is 5");
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
    id: "CONC-04",
    title: "with handlers that stand still and a long backlog only a bounded part of it is held",
    rule: "D1",
    level: "both",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("they are confirmed", queue.send(200));
      const recorder = bench.recorder();
      const gate = createGate();
      void bench.start(
        queue.consumer({ concurrency: 5 }),
        recorder.handler(({ body }) => (body.seq < 20 ? undefined : gate.opened)),
      );
      await bench.until("all handlers stand still", () => recorder.running === 5);
      await bench.advance(2 * bench.leaseMs);
      const counts = await bench.settled("it answers", queue.client.admin.inspect(queue.definition));
      const held = counts.inFlight ?? (await heldOf(bench, queue, recorder.succeeded));
      assert.ok(held >= 5 && held <= 60, `${held} of 200 are held by 5 handlers`);
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
    id: "CONC-07",
    title: "a producer that outruns the service waits, and gives up the wait on demand",
    rule: "D2",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const client = bench.connect([queue], { send: { maxBufferedBytes: 2_000 } });
      const producer = queue.producer(client);
      const hold = bench.plan.hold("send", { times: 100 });
      const text = "x".repeat(500);
      const sends = numbers(30).map((seq) => producer.send(queue.body(seq, { text })));
      const all = Promise.allSettled(sends);
      await bench.until("a request is out", () => hold.reached > 0);
      const controller = new AbortController();
      const impatient = producer.send(queue.body(99, { text }), { signal: controller.signal });
      controller.abort(new Error("tired of waiting"));
      const error = await rejection(bench.settled("the wait ends", impatient), "CANCELLED");
      assert.equal(error.ambiguous, false, "a send that never left is not ambiguous");
      const handedOver = bench.plan.calls("send").reduce((sum, { items }) => sum + items, 0);
      assert.ok(handedOver < 30, `${handedOver} of 30 messages are out at once`);
      hold.release();
      const outcomes = await bench.settled("all are confirmed", all);
      assert.ok(
        outcomes.every(({ status }) => status === "fulfilled"),
        "every send is confirmed in the end",
      );
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("they arrive", () => recorder.succeeded >= 30);
      recorder.assertSeqs(numbers(30));
    },
  },
  {
    id: "CONC-08",
    title: "a handler that never ends is aborted at its timeout and its slot is free",
    rule: "D3",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 3, delay: "20s" } });
      await bench.settled("they are confirmed", queue.send(2));
      const recorder = bench.recorder();
      const hanging = recorder.handler(async ({ body }, { signal }) => {
        if (body.seq !== recorder.deliveries[0]?.seq) return;
        await aborted(signal);
        await createGate().opened;
      });
      const consumer = queue.consumer({ concurrency: 1, handlerTimeout: "5s" });
      void bench.start(consumer, hanging);
      await bench.until("the slot is free for the other", () => recorder.succeeded === 1);
      const [hung] = recorder.deliveries;
      assert.equal(
        hung?.context.signal.aborted,
        true,
        "the signal of a handler that runs beyond its handlerTimeout is aborted",
      );
      // While the handler hangs, its process keeps the key, so that two of one key never run together.
      const report = await bench.settled("it closes", consumer.close({ timeout: "1s" }), 20_000);
      assert.equal(report.abandoned, 1, "abandoned handlers: the one that never ends");
      assert.equal(bench.plan.count("release"), 1, "releases: that of the hung handler's message");
      const elsewhere = bench.recorder();
      void bench.start(queue.consumer({}, queue.otherClient()), elsewhere.handler());
      await bench.until("another has it", () => elsewhere.succeeded === 1, bench.leaseMs + 20_000);
      assert.deepEqual(
        elsewhere.seqs(),
        [hung.seq],
        "the message of the hung handler, and no other, is handled by another process",
      );
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
      // Handlers may start late, much later if the clock runs and the machine is busy. One start too many
      // would come together with the five before it or with the next ones.
      const leastMs = bench.backend.time.kind === "virtual" ? 1_990 : 1_000;
      const spansMs = starts.slice(5).map((sixth, index) => sixth - (starts[index] ?? Number.NaN));
      for (const ms of spansMs) assert.ok(ms >= leastMs, `6 starts within ${ms} ms`);
    },
  },
]);

/** For services that do not report what is held: everything that nobody else can get. */
async function heldOf(bench: Bench, queue: TestQueue, done: number): Promise<number> {
  const driver = bench.driver(queue);
  const rival = await driver.consumer();
  // Settled, because a service may hand over only a limited number of keys at once.
  const taken = await driver.receiveNow(rival, async (received) => {
    await rival.ackBatch(
      received.map(({ handle }) => handle),
      bench.signal,
    );
  });
  return 200 - done - taken.length;
}
