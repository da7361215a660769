import assert from "node:assert/strict";
import type { Feature } from "@anyqueue/core/adapter";
import type { Bench } from "./bench.ts";
import type { Need } from "./needs.ts";
import { rejection, thrown } from "./rejection.ts";
import type { QueueOptions, TestQueue } from "./test-queue.ts";

/** What must hold where a need is not met: refused with UNSUPPORTED before any I/O, or visibly absent. */
export async function assertAbsent(bench: Bench, need: Need): Promise<void> {
  await ABSENCES[need](bench);
}

/**
 * A definition that needs a feature which its target lacks is refused when its producer or consumer is made; order that
 * only the entity can tell, when its consumer starts (D4).
 */
export async function assertRefused(
  bench: Bench,
  feature: Feature,
  options: QueueOptions = { needs: [feature], ordered: feature === "ordering" || bench.isOrderedTarget },
): Promise<void> {
  const queue = bench.misdefine(await bench.queue(), options);
  const isToldByEntity =
    feature === "ordering" && bench.driver(queue).target.capabilities.ordering !== "none";
  const before = bench.plan.count();
  const refusals = isToldByEntity
    ? [
        await rejection(
          bench.settled(
            "the start is refused",
            queue.consumer().run(() => undefined),
          ),
          "UNSUPPORTED",
        ),
      ]
    : [() => queue.producer(), () => queue.consumer()].map((make) => thrown(make, "UNSUPPORTED"));
  for (const error of refusals) {
    assert.ok("feature" in error && error.feature === feature, `the error names the feature ${feature}`);
    assert.ok(error.remedy.length > 0, "a remedy");
  }
  if (isToldByEntity) assert.equal(bench.plan.count("receive"), 0, "asks");
  else assert.equal(bench.plan.count(), before, "calls");
}

const ABSENCES: Readonly<Record<Need, (bench: Bench) => Promise<void>>> = {
  base: neverAbsent,
  binaryBody: neverAbsent,
  order: (bench) => assertRefused(bench, "ordering"),
  dedup: (bench) => assertRefused(bench, "deduplication"),
  delay: (bench) => assertRefused(bench, "delay"),
  ttl: (bench) => assertRefused(bench, "ttl"),
  unordered: async (bench) => assert.equal(bench.facts.capabilities.ordering, "by-key"),
  noDedup: async (bench) => assert.equal(bench.facts.capabilities.deduplication, "window"),
  noDelay: async (bench) => assert.notEqual(bench.facts.capabilities.sendDelay, "none"),
  release: (bench) => assertRetryRefused(bench, "0ms"),
  releaseDelay: (bench) => assertRetryRefused(bench, "10s"),
  leaseExtend: assertNoExtension,
  leaseVisible: async (bench) => assert.notEqual(bench.facts.capabilities.settle, "confirmed"),
  attempts: assertFiniteAttemptsRefused,
  dlqNative: assertNoDeadLetterCall,
  dlqByCore: async (bench) => assert.equal(bench.facts.capabilities.deadLetter, "native"),
  peek: assertNoPeek,
  cancel: assertNoCancel,
  headers: assertAttributesRefused,
  batchSend: assertSingleSends,
  batchSettle: async (bench) => assert.equal(bench.facts.limits.ack.maxItems, 1),
  inspect: assertNotInspectable,
};

async function neverAbsent(): Promise<void> {
  assert.fail("every adapter meets this need");
}

async function assertRetryRefused(bench: Bench, delay: "0ms" | "10s"): Promise<void> {
  const queue = await bench.queue();
  await bench.settled("it is confirmed", queue.send());
  const [message] = await bench.settled("it arrives", queue.consumer().receive({ wait: "5s" }));
  assert.ok(message !== undefined);
  await rejection(message.retry(delay), "UNSUPPORTED");
  assert.equal(bench.plan.count("release"), 0, "requests");
}

async function assertNoExtension(bench: Bench): Promise<void> {
  const queue = await bench.queue();
  const consumer = await bench.driver(queue).consumer();
  assert.ok(consumer.extendBatch === undefined, "extendBatch");
  await bench.settled("it is confirmed", queue.send());
  const [message] = await bench.settled("it arrives", queue.consumer().receive({ wait: "5s" }));
  assert.ok(message !== undefined);
  await rejection(message.extend("10s"), "UNSUPPORTED");
}

async function assertFiniteAttemptsRefused(bench: Bench): Promise<void> {
  await assertAttemptsRefused(bench, await bench.queue({ retry: { attempts: 3 } }));
}

/** A finite number of attempts cannot be kept where nothing counts. */
export async function assertAttemptsRefused(bench: Bench, queue: TestQueue): Promise<void> {
  const running = queue.consumer().run(() => undefined);
  await rejection(bench.settled("the start is refused", running), "UNSUPPORTED");
  assert.equal(bench.plan.count("receive"), 0, "asks");
}

async function assertNoDeadLetterCall(bench: Bench): Promise<void> {
  const consumer = await bench.driver(await bench.queue()).consumer();
  assert.ok(consumer.deadLetterBatch === undefined, "deadLetterBatch");
}

async function assertNoPeek(bench: Bench): Promise<void> {
  const consumer = await bench.driver(await bench.queue()).consumer();
  assert.ok(consumer.peekBatch === undefined, "peekBatch");
}

async function assertNoCancel(bench: Bench): Promise<void> {
  const { producer } = bench.driver(await bench.queue());
  assert.ok(producer.cancelBatch === undefined, "cancelBatch");
}

async function assertAttributesRefused(bench: Bench): Promise<void> {
  const queue = await bench.queue();
  const sending = queue.producer().send(queue.next(), { attributes: { tenant: "acme" } });
  await rejection(sending, "UNSUPPORTED", "INVALID_ARGUMENT");
  assert.equal(bench.plan.count("send"), 0, "requests");
}

async function assertSingleSends(bench: Bench): Promise<void> {
  const queue = await bench.queue();
  await bench.settled("they are confirmed", queue.send(3));
  assert.deepEqual(
    bench.plan.calls("send").map(({ items }) => items),
    [1, 1, 1],
  );
}

async function assertNotInspectable(bench: Bench): Promise<void> {
  const queue = await bench.queue();
  assert.ok(bench.driver(queue).adapter.probe === undefined, "probe");
  await rejection(queue.client.admin.inspect(queue.definition), "UNSUPPORTED");
}
