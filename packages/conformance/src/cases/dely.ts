import assert from "node:assert/strict";
import type { Bench } from "../bench.ts";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { rejection, thrown } from "../rejection.ts";
import type { QueueOptions } from "../test-queue.ts";

const DELAYED: QueueOptions = { needs: ["delay"] };
const DELAY_MS = 40_000;

/** Delay of single messages. */
export const DELY: readonly ConformanceCase[] = caseGroup("DELY", [
  {
    id: "DELY-01",
    title: "a delayed message comes after its delay, not before",
    rule: "D4",
    level: "portable",
    needs: ["delay"],
    run: (bench) => assertDelayed(bench, () => `${DELAY_MS}ms`),
  },
  {
    id: "DELY-02",
    title: "a delay beyond the service's maximum is refused before any I/O",
    rule: "D4",
    level: "portable",
    needs: ["delay"],
    async run(bench) {
      const { sendDelay } = bench.facts.capabilities;
      assert.ok(sendDelay !== "none", 'the target\'s capability sendDelay is not "none", as this case needs');
      const queue = await bench.queue(DELAYED);
      const beyondMs = Number.isFinite(sendDelay.maxMs) ? sendDelay.maxMs + 1_000 : Number.MAX_SAFE_INTEGER;
      const sending = queue.producer().send(queue.next(), { delay: `${beyondMs}ms` });
      if (Number.isFinite(sendDelay.maxMs)) {
        await rejection(bench.settled("it ends", sending), "INVALID_ARGUMENT", "UNSUPPORTED");
        assert.equal(
          bench.plan.count("send"),
          0,
          "send requests before the delay was refused: limits are known before any I/O",
        );
      } else {
        await bench.settled("any delay is taken", sending);
      }
    },
  },
  {
    id: "DELY-03",
    title: "a message for a moment comes at that moment",
    rule: "D4",
    level: "portable",
    needs: ["delay"],
    run: (bench) => assertDelayed(bench, () => new Date(bench.time.clock.wallNow() + DELAY_MS)),
  },
  {
    id: "DELY-04",
    title: "a delayed message that was cancelled never comes",
    rule: "D4",
    level: "driver",
    needs: ["delay", "cancel"],
    async run(bench) {
      const driver = bench.driver(await bench.queue(DELAYED));
      const deliverAtMs = bench.time.clock.wallNow() + DELAY_MS;
      const messages = driver.messages(2, () => ({ deliverAtMs }));
      const receipts = await driver.sendAll(...messages);
      const token = receipts[0]?.cancelToken;
      assert.ok(
        token !== undefined,
        "the result of a delayed send has a token, because the target claims that it can cancel",
      );
      const results = await bench.settled(
        "it answers",
        driver.producer.cancelBatch?.([token], bench.signal) ?? Promise.resolve([]),
      );
      assert.deepEqual(
        results.map(({ ok }) => ok),
        [true],
        "cancelBatch succeeds for a message that is not yet due",
      );
      await bench.advance(1.5 * DELAY_MS);
      const consumer = await driver.consumer();
      const received = await driver.receiveNow(consumer);
      assert.deepEqual(
        received.map(({ id }) => id),
        [messages[1]?.id],
        "of two delayed messages, only the one that was not cancelled arrives",
      );
    },
  },
  {
    id: "DELY-05",
    title: "a delay asked of an entity that forbids it is refused before any I/O",
    rule: "D4",
    level: "portable",
    needs: ["noDelay"],
    async run(bench) {
      const queue = bench.redefine(await bench.queue(), DELAYED);
      const error = thrown(() => queue.producer(), "UNSUPPORTED");
      assert.match(error.message, /delay/, "the refusal names the feature that the entity forbids");
      assert.equal(
        bench.plan.count(),
        0,
        "driver calls before the delay was refused: it must be found before any I/O",
      );
    },
    /** If messages can be delayed, anybody who asks for it gets it. */
    async otherwise(bench) {
      const queue = await bench.queue(DELAYED);
      queue.producer();
      assert.notEqual(
        bench.driver(queue).target.capabilities.sendDelay,
        "none",
        "a target that can delay says so for a definition that needs it: capability sendDelay",
      );
    },
  },
  {
    id: "DELY-06",
    title: "no delay and a moment in the past mean now",
    rule: "D4",
    level: "portable",
    needs: ["delay"],
    async run(bench) {
      const queue = await bench.queue(DELAYED);
      const past = new Date(bench.time.clock.wallNow() - 60_000);
      await bench.settled(
        "they are confirmed",
        Promise.all([queue.send(1, { delay: "0s" }), queue.send(1, { delay: past })]),
      );
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("they arrive", () => recorder.succeeded === 2, 2_000);
    },
  },
]);

async function assertDelayed(bench: Bench, delay: () => Date | `${number}ms`): Promise<void> {
  const queue = await bench.queue(DELAYED);
  const recorder = bench.recorder();
  void bench.start(queue.consumer(), recorder.handler());
  const sentAtMs = bench.now();
  await bench.settled("the send is confirmed", queue.send(1, { delay: delay() }));
  await bench.until("it arrives", () => recorder.succeeded === 1, 2 * DELAY_MS);
  const waitedMs = (recorder.deliveries[0]?.startedAtMs ?? 0) - sentAtMs;
  assert.ok(waitedMs >= DELAY_MS - bench.backend.toleranceMs, `it came after ${waitedMs} ms`);
  assert.ok(waitedMs <= DELAY_MS * 1.25 + bench.backend.toleranceMs, `it came after ${waitedMs} ms`);
}
