import assert from "node:assert/strict";
import { DeadLetterError } from "@anyqueue/core";
import type { Bench } from "../bench.ts";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { takeDeadLetters } from "../dead-letters.ts";
import { aborted, createGate } from "../gate.ts";
import { ascending, numbers, type Recorder } from "../recorder.ts";
import type { QueueOptions } from "../test-queue.ts";
import { assertRefused } from "../negative.ts";

const ONE_KEY: QueueOptions = { ordered: true, keyOf: () => "only" };
const KEYS = 16;

/** Order per key. */
export const ORDR: readonly ConformanceCase[] = caseGroup("ORDR", [
  {
    id: "ORDR-01",
    title: "1000 messages of 16 keys are handled in order per key",
    rule: "D15",
    level: "portable",
    needs: ["order"],
    tags: ["slow"],
    async run(bench) {
      const recorder = await runManyKeys(bench, 1_000, 1);
      recorder.assertSeqs(numbers(1_000));
      assertKeyOrder(recorder);
    },
  },
  {
    id: "ORDR-02",
    title: "two consumers keep the order per key between them",
    rule: "D15",
    level: "portable",
    needs: ["order"],
    async run(bench) {
      const recorder = await runManyKeys(bench, 320, 2);
      recorder.assertSeqs(numbers(320));
      assertKeyOrder(recorder);
    },
  },
  {
    id: "ORDR-03",
    title: "of one key one handler runs at a time",
    rule: "D15",
    level: "portable",
    needs: ["order"],
    async run(bench) {
      const queue = await bench.queue(ONE_KEY);
      await bench.settled("the sends are confirmed", queue.send(8));
      const recorder = bench.recorder();
      void bench.start(
        queue.consumer({ concurrency: 8, prefetch: 8 }),
        recorder.handler(() => bench.time.beat()),
      );
      await bench.until("all are handled", () => recorder.succeeded >= 8);
      assert.deepEqual(
        recorder.seqs(),
        numbers(8),
        "messages of one key are handled in the order in which they were sent",
      );
      assert.equal(recorder.maxRunning, 1, "most handlers of one key that ran at once");
    },
  },
  {
    id: "ORDR-04",
    title: "no follower runs before a failed message of its key succeeded",
    rule: "D15",
    level: "portable",
    needs: ["order"],
    async run(bench) {
      const queue = await bench.queue({ ...ONE_KEY, retry: { attempts: 5, delay: "2s" } });
      await bench.settled("the sends are confirmed", queue.send(4));
      const recorder = bench.recorder();
      const failing = recorder.handler(({ body }) => {
        if (body.seq === 1 && recorder.runsOf(1).length < 3) throw new Error("not yet");
      });
      void bench.start(queue.consumer({ concurrency: 4, prefetch: 4 }), failing);
      await bench.until("all are handled", () => recorder.succeeded >= 4, 4 * bench.leaseMs);
      assert.deepEqual(
        recorder.seqs(),
        [0, 1, 1, 1, 2, 3],
        "runs of one key: the message that fails runs until it succeeds, and only then its followers",
      );
    },
  },
  {
    id: "ORDR-05",
    title: "other keys go on while one key fails",
    rule: "D15",
    level: "portable",
    needs: ["order"],
    async run(bench) {
      const keyOf = (seq: number): string => (seq % 2 === 0 ? "bad" : "good");
      const queue = await bench.queue({ ordered: true, keyOf, retry: { attempts: 5, delay: "20s" } });
      await bench.settled("the sends are confirmed", queue.send(12));
      const recorder = bench.recorder();
      const failing = recorder.handler(({ body }) => {
        if (body.seq === 0 && recorder.runsOf(0).length === 1) throw new Error("once");
      });
      void bench.start(queue.consumer({ concurrency: 4 }), failing);
      // The service decides which key comes first.
      await bench.until(
        "the good key is done, and the bad one has failed",
        () => recorder.seqs("good").length === 6 && recorder.seqs("bad").length > 0,
        15_000,
      );
      assert.deepEqual(
        recorder.seqs("bad"),
        [0],
        "runs of the key that fails: only its first message, until its retry is due",
      );
      await bench.until("the bad key is done", () => recorder.succeeded === 12, 3 * bench.leaseMs);
      assertKeyOrder(recorder);
    },
  },
  {
    id: "ORDR-06",
    title: "after a lost lease the key resumes in order",
    rule: "D15",
    level: "portable",
    needs: ["order"],
    async run(bench) {
      const queue = await bench.queue(ONE_KEY);
      await bench.settled("the sends are confirmed", queue.send(5));
      const recorder = bench.recorder();
      const losing = recorder.handler(async (_, { signal }) => {
        if (recorder.started === 1) await aborted(signal);
      });
      void bench.start(queue.consumer({ concurrency: 2, prefetch: 4 }), losing);
      await bench.until("the first runs", () => recorder.running === 1);
      bench.plan.loseAllLeases();
      await bench.until("all are handled", () => recorder.succeeded >= 6, 4 * bench.leaseMs);
      assert.deepEqual(
        recorder.seqs(),
        [0, 0, 1, 2, 3, 4],
        "runs of one key: the message whose lease was lost runs again, and before its followers",
      );
    },
  },
  {
    id: "ORDR-07",
    title: "concurrent sends of one key keep the order of their calls, also when a request is repeated",
    rule: "D2",
    level: "portable",
    needs: ["order"],
    async run(bench) {
      const queue = await bench.queue(ONE_KEY);
      bench.plan.fail({ operation: "send", code: "THROTTLED", times: 2 });
      const producer = queue.producer();
      const sends = numbers(30).map((seq) => producer.send(queue.body(seq)));
      await bench.settled("all are confirmed", Promise.all(sends));
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("all are handled", () => recorder.succeeded >= 30);
      assert.deepEqual(
        recorder.seqs(),
        numbers(30),
        "messages of one key arrive in the order of the calls of send",
      );
    },
  },
  {
    id: "ORDR-08",
    title: "a key whose order a failed send would break stays shut until it is resumed",
    rule: "D2",
    level: "portable",
    needs: ["order", "batchSend"],
    async run(bench) {
      const queue = await bench.queue(ONE_KEY);
      const producer = queue.producer();
      const hold = bench.plan.hold("send");
      const first = producer.send(queue.body(0));
      await bench.until("a request is out", () => hold.reached === 1);
      bench.plan.fail({ operation: "send", code: "UNAVAILABLE", items: [0] });
      const [second, third] = [producer.send(queue.body(1)), producer.send(queue.body(2))];
      hold.release();
      const ended = Promise.allSettled([first, second, third]);
      const outcomes = await bench.settled("the sends end", ended);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ["fulfilled", "rejected", "fulfilled"],
        "of three sends of one key only the one whose request failed is rejected; those already accepted go on",
      );
      await assert.rejects(
        bench.settled("the key is shut", producer.send(queue.body(3))),
        /resume/,
        "the refusal of a send to a key that is shut names the way out, resume",
      );
      producer.resume("only");
      await bench.settled("the key is open", producer.send(queue.body(4)));
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("what was confirmed is handled", () => recorder.succeeded >= 3);
      assert.deepEqual(
        recorder.seqs(),
        [0, 2, 4],
        "messages that arrive: none that was refused, and the others in order",
      );
    },
  },
  {
    id: "ORDR-09",
    title: "a dead letter lets its key go on",
    rule: "D15",
    level: "portable",
    needs: ["order"],
    async run(bench) {
      const queue = await bench.queue(ONE_KEY);
      await bench.settled("the sends are confirmed", queue.send(3));
      const recorder = bench.recorder();
      const killing = recorder.handler(({ body }) => {
        if (body.seq === 0) throw new DeadLetterError("bad-order");
      });
      void bench.start(queue.consumer(), killing);
      await bench.until("the key goes on", () => recorder.succeeded >= 2, bench.leaseMs);
      assert.deepEqual(
        recorder.seqs(),
        [0, 1, 2],
        "runs of one key: a message that becomes a dead letter lets those behind it run",
      );
      await takeDeadLetters(bench, queue, 1);
    },
  },
  {
    id: "ORDR-10",
    title: "a message without a key on an ordered target has a lane of its own or is refused",
    rule: "D4",
    level: "driver",
    needs: ["order"],
    async run(bench) {
      const driver = bench.driver(await bench.queue({ ordered: true }));
      const { orderingKey: _, ...message } = driver.message();
      const [result] = await driver.send(message);
      const code = driver.codeOf(result, "send");
      assert.ok(code === "ok" || code === "INVALID_ARGUMENT", `the answer was ${code}`);
      if (code === "ok") await driver.receive(await driver.consumer(), 1);
    },
  },
  {
    id: "ORDR-11",
    title: "order asked of an entity without order is refused before anything is received",
    rule: "D4",
    level: "portable",
    needs: ["unordered"],
    async run(bench) {
      await assertRefused(bench, "ordering");
      assert.equal(
        bench.plan.count("receive"),
        0,
        "asks for messages: without order, nothing may be received",
      );
    },
    /** If there is order, anybody who asks for it gets it. */
    async otherwise(bench) {
      const queue = await bench.queue(ONE_KEY);
      queue.producer();
      queue.consumer();
      assert.equal(
        bench.driver(queue).target.capabilities.ordering,
        "by-key",
        "a target with order says so for a definition that needs it: capability ordering",
      );
    },
  },
]);

async function runManyKeys(bench: Bench, count: number, consumers: number): Promise<Recorder> {
  const queue = await bench.queue({ ordered: true, keyOf: (seq) => `key-${seq % KEYS}` });
  await bench.settled("the sends are confirmed", queue.send(count));
  const recorder = bench.recorder();
  const gate = createGate();
  for (const index of numbers(consumers)) {
    const client = index === 0 ? queue.client : queue.otherClient();
    void bench.start(
      queue.consumer({ concurrency: KEYS }, client),
      recorder.handler(() => gate.opened),
    );
  }
  await bench.until("handlers run", () => recorder.running > 0);
  gate.open();
  await bench.until("all are handled", () => recorder.succeeded >= count, 10 * bench.leaseMs);
  return recorder;
}

function assertKeyOrder(recorder: Recorder): void {
  assert.equal(recorder.overlappingKeys, 0, "handlers of one key at once");
  for (const key of new Set(recorder.deliveries.map((delivery) => delivery.key))) {
    const seqs = recorder.seqs(key);
    assert.deepEqual(seqs, seqs.toSorted(ascending), `order of ${key}`);
  }
}
