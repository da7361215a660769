import assert from "node:assert/strict";
import type { QueueError } from "@anyqueue/core";
import type { Capabilities, Feature } from "@anyqueue/core/adapter";
import type { Bench } from "./bench.ts";
import { createGate } from "./gate.ts";
import type { Need } from "./needs.ts";
import { rejection, thrown } from "./rejection.ts";
import type { TestQueue } from "./test-queue.ts";

/** Asserts what holds if a need is not met: refused with UNSUPPORTED before any I/O, or visibly absent. */
export async function assertAbsent(bench: Bench, need: Need): Promise<void> {
  await ABSENCES[need](bench);
}

/**
 * Asserts the refusal of a definition whose target lacks a feature. Making a producer or consumer refuses it.
 * If only the service knows that this entity is an exception, `verify` and the consumer's start refuse it.
 */
export async function assertRefused(bench: Bench, feature: Feature): Promise<void> {
  const ordered = feature === "ordering" || bench.isOrderedTarget;
  const queue = bench.misdefine(await bench.queue(), { needs: [feature], ordered });
  if (isStated(bench.driver(queue).target.capabilities, feature)) {
    await assertRefusedAtStart(bench, queue, feature);
    return;
  }
  const before = bench.plan.count();
  for (const make of [() => queue.producer(), () => queue.consumer()]) {
    assertNames(thrown(make, "UNSUPPORTED"), feature);
  }
  assert.equal(
    bench.plan.count(),
    before,
    "driver calls before the missing feature was refused: it must be refused before any I/O",
  );
}

async function assertRefusedAtStart(bench: Bench, queue: TestQueue, feature: Feature): Promise<void> {
  assertNames(await rejection(queue.client.verify(queue.definition), "UNSUPPORTED"), feature);
  // Consumers rely only on order; the other features matter only to senders.
  if (feature !== "ordering") return;
  const running = queue.consumer().run(() => undefined);
  assertNames(await rejection(bench.settled("the start is refused", running), "UNSUPPORTED"), feature);
  assert.equal(bench.plan.count("receive"), 0, "asks for messages before the missing feature was refused");
}

function assertNames(error: QueueError, feature: Feature): void {
  assert.ok("feature" in error && error.feature === feature, `the error names the feature ${feature}`);
  assert.ok(error.remedy.length > 0, "the error says what to do, in its remedy");
}

/** What `resolve` says before anybody has asked the service. */
function isStated(capabilities: Capabilities, feature: Feature): boolean {
  switch (feature) {
    case "ordering":
      return capabilities.ordering === "by-key";
    case "deduplication":
      return capabilities.deduplication === "window";
    case "delay":
      return capabilities.sendDelay !== "none";
    case "ttl":
      return capabilities.ttl;
  }
}

const ABSENCES: Readonly<Record<Need, (bench: Bench) => Promise<void>>> = {
  base: neverAbsent,
  binaryBody: neverAbsent,
  order: (bench) => assertRefused(bench, "ordering"),
  dedup: (bench) => assertRefused(bench, "deduplication"),
  delay: (bench) => assertRefused(bench, "delay"),
  ttl: (bench) => assertRefused(bench, "ttl"),
  unordered: async (bench) =>
    assert.equal(
      bench.facts.capabilities.ordering,
      "by-key",
      'without the need "unordered" the target\'s capability ordering is "by-key"',
    ),
  noDedup: async (bench) =>
    assert.equal(
      bench.facts.capabilities.deduplication,
      "window",
      'without the need "noDedup" the target\'s capability deduplication is "window"',
    ),
  noDelay: async (bench) =>
    assert.notEqual(
      bench.facts.capabilities.sendDelay,
      "none",
      'without the need "noDelay" the target\'s capability sendDelay is not "none"',
    ),
  release: (bench) => assertRetryRefused(bench, "0ms"),
  releaseDelay: async (bench) => {
    if (bench.facts.capabilities.release === "native") await assertHeldByCore(bench);
    else await assertRetryRefused(bench, "10s");
  },
  leaseExtend: assertNoExtension,
  leaseVisible: async (bench) =>
    assert.notEqual(
      bench.facts.capabilities.settle,
      "confirmed",
      'without the need "leaseVisible" the target\'s capability settle is not "confirmed"',
    ),
  attempts: assertFiniteAttemptsRefused,
  dlqNative: assertNoDeadLetterCall,
  dlqByCore: async (bench) =>
    assert.equal(
      bench.facts.capabilities.deadLetter,
      "native",
      'without the need "dlqByCore" the target\'s capability deadLetter is "native"',
    ),
  peek: assertNoPeek,
  cancel: assertNoCancel,
  headers: assertAttributesRefused,
  batchSend: assertSingleSends,
  batchSettle: async (bench) =>
    assert.equal(
      bench.facts.limits.ack.maxItems,
      1,
      'without the need "batchSettle" limits.ack.maxItems is 1',
    ),
  batchExtend: assertSingleRenewals,
  inspect: assertNotInspectable,
};

async function neverAbsent(): Promise<void> {
  assert.fail("every adapter meets this need");
}

async function assertRetryRefused(bench: Bench, delay: "0ms" | "10s"): Promise<void> {
  const queue = await bench.queue();
  await bench.settled("it is confirmed", queue.send());
  const [message] = await bench.settled("it arrives", queue.consumer().receive({ wait: "1m" }));
  assert.ok(message !== undefined, "the message that was sent is received");
  await rejection(message.retry(delay), "UNSUPPORTED");
  assert.equal(bench.plan.count("release"), 0, "release requests of a target that cannot release");
}

/** If the service cannot delay, the core holds the lease for that time and then gives the message back. */
async function assertHeldByCore(bench: Bench): Promise<void> {
  const queue = await bench.queue();
  await bench.settled("it is confirmed", queue.send());
  const [message] = await bench.settled("it arrives", queue.consumer().receive({ wait: "1m" }));
  assert.ok(message !== undefined, "the message that was sent is received");
  const retrying = message.retry("10s");
  await bench.advance(8_000);
  assert.equal(
    bench.plan.count("release"),
    0,
    "release requests before the delay is over: the service cannot delay, so the core holds the lease",
  );
  await bench.settled("it is given back", retrying, 5_000);
  assert.equal(bench.plan.calls("release").length, 1, "release requests when the delay is over");
  const [again] = await bench.settled("it comes again", queue.consumer().receive({ wait: "1m" }));
  assert.equal(again?.id, message.id, "the message that was given back is the one that comes again");
  await bench.settled("the ack is confirmed", again?.ack() ?? Promise.resolve());
}

async function assertNoExtension(bench: Bench): Promise<void> {
  const queue = await bench.queue();
  const consumer = await bench.driver(queue).consumer();
  assert.ok(
    consumer.extendBatch === undefined,
    "a driver whose leases cannot be extended has no extendBatch",
  );
  await bench.settled("it is confirmed", queue.send());
  const [message] = await bench.settled("it arrives", queue.consumer().receive({ wait: "1m" }));
  assert.ok(message !== undefined, "the message that was sent is received");
  await rejection(message.extend("10s"), "UNSUPPORTED");
}

async function assertFiniteAttemptsRefused(bench: Bench): Promise<void> {
  await assertAttemptsRefused(bench, await bench.queue({ retry: { attempts: 3 } }));
}

/** A finite number of attempts is impossible if nothing counts them. */
export async function assertAttemptsRefused(bench: Bench, queue: TestQueue): Promise<void> {
  const running = queue.consumer().run(() => undefined);
  await rejection(bench.settled("the start is refused", running), "UNSUPPORTED");
  assert.equal(
    bench.plan.count("receive"),
    0,
    "asks for messages before the number of attempts was refused, which nothing counts",
  );
}

async function assertNoDeadLetterCall(bench: Bench): Promise<void> {
  const consumer = await bench.driver(await bench.queue()).consumer();
  assert.ok(
    consumer.deadLetterBatch === undefined,
    "a driver without native dead letters has no deadLetterBatch",
  );
}

async function assertNoPeek(bench: Bench): Promise<void> {
  const consumer = await bench.driver(await bench.queue()).consumer();
  assert.ok(consumer.peekBatch === undefined, "a driver that cannot look at messages has no peekBatch");
}

async function assertNoCancel(bench: Bench): Promise<void> {
  const { producer } = bench.driver(await bench.queue());
  assert.ok(producer.cancelBatch === undefined, "a driver that cannot cancel has no cancelBatch");
}

async function assertAttributesRefused(bench: Bench): Promise<void> {
  const queue = await bench.queue();
  const sending = queue.producer().send(queue.next(), { attributes: { tenant: "acme" } });
  await rejection(sending, "UNSUPPORTED", "INVALID_ARGUMENT");
  assert.equal(
    bench.plan.count("send"),
    0,
    "send requests before the attributes were refused, which the target cannot carry",
  );
}

async function assertSingleSends(bench: Bench): Promise<void> {
  const queue = await bench.queue();
  await bench.settled("they are confirmed", queue.send(3));
  assert.deepEqual(
    bench.plan.calls("send").map(({ items }) => items),
    [1, 1, 1],
    "messages in each send request: limits.send.maxItems is 1",
  );
}

async function assertSingleRenewals(bench: Bench): Promise<void> {
  const queue = await bench.queue();
  await bench.settled("they are confirmed", queue.send(3));
  const gate = createGate();
  const recorder = bench.recorder();
  void bench.start(
    queue.consumer({ concurrency: 3 }),
    recorder.handler(() => gate.opened),
  );
  await bench.until("all run", () => recorder.running === 3);
  await bench.advance(3 * bench.leaseMs);
  gate.open();
  await bench.until("all end", () => recorder.succeeded === 3);
  const sizes = bench.plan.calls("extend").map(({ items }) => items);
  assert.ok(sizes.length >= 3 && Math.max(...sizes) === 1, `renewals of ${sizes.join(", ")}`);
  recorder.assertSeqs([0, 1, 2]);
}

async function assertNotInspectable(bench: Bench): Promise<void> {
  const queue = await bench.queue();
  assert.ok(bench.driver(queue).adapter.probe === undefined, "an adapter that cannot inspect has no probe");
  await rejection(queue.client.admin.inspect(queue.definition), "UNSUPPORTED");
}
