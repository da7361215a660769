import assert from "node:assert/strict";
import type { Bench } from "../bench.ts";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { aborted, createGate, type Gate } from "../gate.ts";
import type { Recorder } from "../recorder.ts";
import { numbers } from "../recorder.ts";
import { rejection } from "../rejection.ts";
import type { TestQueue } from "../test-queue.ts";

/** Leases and their renewal. */
export const LEAS: readonly ConformanceCase[] = caseGroup("LEAS", [
  {
    id: "LEAS-01",
    title: "a handler that runs for three leases is run once",
    rule: "D14",
    level: "portable",
    needs: ["leaseExtend"],
    async run(bench) {
      const { queue, recorder, gate } = await startLongHandler(bench);
      const rival = bench.recorder();
      void bench.start(queue.consumer({}, queue.otherClient()), rival.handler());
      await bench.advance(3 * bench.leaseMs);
      gate.open();
      await bench.until("it ends", () => recorder.succeeded === 1);
      await bench.advance(2 * bench.leaseMs);
      assert.equal(
        recorder.started + rival.started,
        1,
        "runs of the handler in two consumers: a lease that is renewed keeps the message from all others",
      );
      assert.ok(
        bench.plan.count("extend") >= 3,
        "three or more renewals are requested while a handler runs for three leases",
      );
    },
  },
  {
    id: "LEAS-02",
    title: "renewal ends when the message is settled",
    rule: "D3",
    level: "portable",
    needs: ["leaseExtend"],
    async run(bench) {
      const { recorder, gate } = await startLongHandler(bench);
      await bench.advance(bench.leaseMs);
      gate.open();
      await bench.until("it is acked", () => recorder.succeeded === 1 && bench.plan.count("ack") === 1);
      const renewals = bench.plan.count("extend");
      assert.ok(renewals > 0, "there are renewals while the handler runs");
      await bench.advance(3 * bench.leaseMs);
      assert.equal(
        bench.plan.count("extend"),
        renewals,
        "renewals after the message was settled: there may be no more than before",
      );
    },
  },
  {
    id: "LEAS-03",
    title: "renewal ends at the longest time that a message may be held, and the handler hears of it",
    rule: "D14",
    level: "portable",
    needs: ["leaseExtend"],
    tags: ["slow"],
    async run(bench) {
      // A long lease, so that long steps renew it in time. They must be shorter than the drivers' timeouts.
      const leaseMs = Math.min(10 * bench.leaseMs, bench.facts.limits.lease.maxMs);
      const { recorder, gate } = await startLongHandler(bench, aborted, leaseMs);
      const capMs = Math.min(3_600_000, bench.facts.limits.lease.totalMs);
      await bench.advance(capMs * 0.95, bench.leaseMs / 3);
      assert.equal(
        recorder.deliveries[0]?.context.signal.aborted,
        false,
        "the signal was aborted before the longest time that a message may be held",
      );
      await bench.advance(capMs * 0.1, bench.leaseMs / 3);
      assert.equal(
        recorder.deliveries[0]?.context.signal.aborted,
        true,
        "the signal is aborted when the message has been held as long as it may be",
      );
      gate.open();
    },
  },
  {
    id: "LEAS-04",
    title: "a handler whose lease the service took away hears of it within a second, and nothing is settled",
    rule: "D6",
    level: "portable",
    needs: ["leaseExtend"],
    async run(bench) {
      const { recorder, gate } = await startLongHandler(bench);
      bench.plan.loseAllLeases();
      await bench.until(
        "the signal aborts",
        () => recorder.deliveries[0]?.context.signal.aborted === true,
        1_000,
      );
      const { reason } = recorder.deliveries[0]?.context.signal ?? {};
      assert.match(String(reason), /LEASE_LOST/, "the reason of the handler's signal names LEASE_LOST");
      gate.open();
      await bench.until("the late result is reported", () => bench.reported("late-result").length === 1);
      assert.equal(bench.plan.count("ack"), 0, "acks after the lease was lost");
      assert.equal(bench.reported("lease-lost").length, 1, "lease-lost events for the one lease");
    },
  },
  {
    id: "LEAS-05",
    title: "a renewal that fails for the moment is repeated in time",
    rule: "D3",
    level: "portable",
    needs: ["leaseExtend"],
    async run(bench) {
      const { recorder, gate } = await startLongHandler(bench);
      bench.plan.fail({ operation: "extend", code: "UNAVAILABLE", times: 2 });
      await bench.advance(3 * bench.leaseMs);
      assert.equal(
        recorder.deliveries[0]?.context.signal.aborted,
        false,
        "the handler's signal was aborted although the renewal succeeded when it was repeated in time",
      );
      gate.open();
      await bench.until("it ends", () => recorder.succeeded === 1);
      await bench.advance(2 * bench.leaseMs);
      recorder.assertSeqs([0]);
    },
  },
  {
    id: "LEAS-06",
    title: "after the process stood still for longer than the lease nothing is acked",
    rule: "D14",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("the send is confirmed", queue.send());
      const recorder = bench.recorder();
      const stalling = recorder.handler(async () => {
        if (recorder.started === 1) await bench.time.stall(3 * bench.leaseMs);
      });
      // No receive is open during the stall: its answer would arrive while everything stands still.
      void bench.start(queue.consumer({ concurrency: 1, prefetch: 0 }), stalling);
      await bench.until("the message is handled again", () => recorder.succeeded === 2, 5 * bench.leaseMs);
      await bench.advance(2 * bench.leaseMs);
      recorder.assertSeqs([0, 0]);
      assert.equal(bench.plan.count("ack"), 1, "acks: only that of the second run");
    },
  },
  {
    id: "LEAS-07",
    title: "a wall clock that jumps by an hour changes nothing",
    rule: "D14",
    level: "portable",
    needs: ["leaseExtend"],
    async run(bench) {
      const { recorder, gate } = await startLongHandler(bench);
      for (const jumpMs of [3_600_000, -7_200_000, 3_600_000]) {
        bench.time.jumpWall(jumpMs);
        await bench.advance(bench.leaseMs);
      }
      const { aborted } = recorder.deliveries[0]?.context.signal ?? {};
      assert.equal(aborted, false, "a lease ended with the wall clock: count leases with clock.now()");
      gate.open();
      await bench.until("it ends", () => recorder.succeeded === 1);
      await bench.advance(2 * bench.leaseMs);
      recorder.assertSeqs([0]);
    },
  },
  {
    id: "LEAS-08",
    title: "deliveries that wait for a handler keep their leases or go back in time",
    rule: "D1",
    level: "portable",
    needs: ["leaseExtend"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("the sends are confirmed", queue.send(5));
      const gate = createGate();
      const recorder = bench.recorder();
      void bench.start(
        queue.consumer({ concurrency: 1, prefetch: 4 }),
        recorder.handler(() => gate.opened),
      );
      await bench.until("a handler runs", () => recorder.running === 1);
      await bench.advance(3 * bench.leaseMs);
      gate.open();
      await bench.until("all are handled", () => recorder.succeeded >= 5);
      await bench.advance(2 * bench.leaseMs);
      recorder.assertSeqs(numbers(5));
    },
  },
  {
    id: "LEAS-09",
    title: "renewals go out together, within the limits of one request",
    rule: "D2",
    level: "portable",
    needs: ["leaseExtend", "batchExtend"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("the sends are confirmed", queue.send(12));
      const gate = createGate();
      const recorder = bench.recorder();
      void bench.start(
        queue.consumer({ concurrency: 12 }),
        recorder.handler(() => gate.opened),
      );
      await bench.until("all run", () => recorder.running === 12);
      await bench.advance(3 * bench.leaseMs);
      gate.open();
      await bench.until("all end", () => recorder.succeeded === 12);
      const sizes = bench.plan.calls("extend").map(({ items }) => items);
      const { maxItems } = bench.facts.limits.extend;
      assert.ok(
        Math.max(...sizes) <= maxItems,
        `renewals of ${Math.max(...sizes)}, the limit is ${maxItems}`,
      );
      assert.ok(
        sizes.some((size) => size > 1),
        "some requests renew more than one lease: limits.extend.maxItems allows it",
      );
      recorder.assertSeqs(numbers(12));
    },
  },
  {
    id: "LEAS-10",
    title: "a shorter lease than the default is renewed in its own time",
    rule: "D13",
    level: "portable",
    needs: ["leaseExtend"],
    async run(bench) {
      const shortMs = Math.max(bench.backend.leaseMs, Math.round(bench.leaseMs / 3));
      const { queue, recorder, gate } = await startLongHandler(bench, undefined, shortMs);
      const rival = bench.recorder();
      void bench.start(queue.consumer({}, queue.otherClient()), rival.handler());
      await bench.advance(4 * shortMs);
      gate.open();
      await bench.until("it ends", () => recorder.succeeded === 1);
      assert.equal(
        recorder.started + rival.started,
        1,
        "runs of the handler in two consumers: a short lease is renewed before it ends",
      );
    },
  },
  {
    id: "LEAS-12",
    title: "an extension by hand holds the message, a bad one is refused",
    rule: "D4",
    level: "portable",
    needs: ["leaseExtend"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("the send is confirmed", queue.send());
      const [message] = await bench.settled("it arrives", queue.consumer().receive({ wait: "1m" }));
      assert.ok(message !== undefined, "the message that was sent is received");
      await rejection(message.extend("0ms"), "INVALID_ARGUMENT");
      await bench.settled("the extension is confirmed", message.extend(`${2 * bench.leaseMs}ms`));
      assert.ok(bench.plan.count("extend") > 0, "extend() makes a request of extendBatch");
      const driver = bench.driver(queue);
      const rival = await driver.consumer();
      await bench.advance(1.5 * bench.leaseMs);
      assert.deepEqual(
        await driver.receiveNow(rival),
        [],
        "another consumer receives nothing while the extended lease lasts",
      );
      await bench.settled("the ack is confirmed", message.ack());
    },
  },
]);

interface LongHandler {
  readonly queue: TestQueue;
  readonly recorder: Recorder;
  readonly gate: Gate;
}

/** One message whose handler runs until the gate opens or `wait` resolves. */
async function startLongHandler(
  bench: Bench,
  wait?: (signal: AbortSignal) => Promise<void>,
  leaseMs?: number,
): Promise<LongHandler> {
  const queue = await bench.queue(leaseMs === undefined ? {} : { lease: `${leaseMs}ms` });
  await bench.settled("the send is confirmed", queue.send());
  const gate = createGate();
  const recorder = bench.recorder();
  void bench.start(
    queue.consumer(),
    recorder.handler((_, { signal }) => (recorder.started > 1 ? undefined : (wait?.(signal) ?? gate.opened))),
  );
  await bench.until("the handler runs", () => recorder.running === 1);
  return { queue, recorder, gate };
}
