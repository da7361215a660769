import assert from "node:assert/strict";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { values, type DraftMessage } from "../driver-bench.ts";

/** Settling at driver level. */
export const SETL_DRIVER: readonly ConformanceCase[] = caseGroup("SETL", [
  {
    id: "SETL-01",
    title: "an acked message does not come back within three leases",
    rule: "D5",
    level: "driver",
    needs: ["base"],
    async run(bench) {
      const driver = bench.driver(await bench.queue());
      const { consumer, delivery } = await driver.oneInHand();
      values(await consumer.ackBatch([delivery.handle], bench.signal));
      await bench.advance(3 * bench.leaseMs);
      assert.deepEqual(
        await driver.receiveNow(consumer),
        [],
        "nothing can be received for three leases after the ack; a message that comes again was not acked",
      );
    },
  },
  {
    id: "SETL-02",
    title: "a released message is there at once for another consumer, counted once more",
    rule: "D5",
    level: "driver",
    needs: ["release"],
    async run(bench) {
      const driver = bench.driver(await bench.queue());
      const [first, second] = [await driver.consumer(), await driver.consumer()];
      await driver.sendAll(driver.message());
      const [delivery] = await driver.receive(first, 1);
      values(
        await first.releaseBatch([{ handle: delivery?.handle, delayMs: 0, cause: "retry" }], bench.signal),
      );
      const [again] = await driver.receive(second, 1, bench.leaseMs / 2);
      assert.equal(
        again?.providerId,
        delivery?.providerId,
        "the message that was released is the one that comes again",
      );
      if (bench.facts.capabilities.deliveryCount !== "none") {
        assert.deepEqual(
          [delivery?.deliveryCount, again?.deliveryCount],
          [1, 2],
          "deliveryCount begins at 1 and grows by one with each delivery",
        );
      }
      values(await second.ackBatch([again?.handle], bench.signal));
    },
  },
  {
    id: "SETL-03",
    title: "a message released with a delay comes back after it, not before",
    rule: "D4",
    level: "driver",
    needs: ["releaseDelay"],
    async run(bench) {
      const driver = bench.driver(await bench.queue());
      const { consumer, delivery } = await driver.oneInHand();
      const delayMs = 2 * bench.leaseMs;
      values(
        await consumer.releaseBatch([{ handle: delivery.handle, delayMs, cause: "retry" }], bench.signal),
      );
      await bench.advance(delayMs * 0.8 - bench.backend.toleranceMs);
      assert.deepEqual(
        await driver.receiveNow(consumer),
        [],
        "nothing can be received before the delay of the release is over",
      );
      const [again] = await driver.receive(consumer, 1, delayMs * 0.4 + 2 * bench.backend.toleranceMs);
      assert.equal(
        again?.providerId,
        delivery.providerId,
        "the message that was released is the one that comes after its delay",
      );
    },
  },
  {
    id: "SETL-04",
    title: "an unsettled message comes back when its lease ended, not before",
    rule: "D14",
    level: "driver",
    needs: ["base"],
    async run(bench) {
      const driver = bench.driver(await bench.queue());
      const { consumer, delivery } = await driver.oneInHand();
      const leaseMs = delivery.leaseMs ?? bench.leaseMs;
      // The service has a different clock.
      const longestMs = bench.leaseMs + bench.backend.toleranceMs;
      assert.ok(leaseMs > 0 && leaseMs <= longestMs, `a lease of ${leaseMs} ms of ${bench.leaseMs} ms`);
      await bench.advance(bench.leaseMs * 0.8 - bench.backend.toleranceMs);
      assert.deepEqual(
        await driver.receiveNow(consumer),
        [],
        "nothing can be received before the lease of the unsettled message ends",
      );
      const [again] = await driver.receive(consumer, 1, bench.leaseMs * 0.4 + 2 * bench.backend.toleranceMs);
      assert.equal(
        again?.providerId,
        delivery.providerId,
        "the message whose lease ended is the one that comes again",
      );
      if (bench.facts.capabilities.deliveryCount !== "none")
        assert.equal(again?.deliveryCount, 2, "deliveryCount of the second delivery");
    },
  },
  {
    id: "SETL-07",
    title: "an ack after the lease ended is reported as lost",
    rule: "D6",
    level: "driver",
    needs: ["leaseVisible"],
    async run(bench) {
      const driver = bench.driver(await bench.queue());
      const { consumer, delivery } = await driver.oneInHand();
      await bench.advance(1.5 * bench.leaseMs);
      const results = await bench.settled("it answers", consumer.ackBatch([delivery.handle], bench.signal));
      assert.deepEqual(
        results.map((result) => driver.codeOf(result, "ack")),
        ["LEASE_LOST"],
        "the result of an ack after the lease ended: LEASE_LOST, because the message may be handled elsewhere",
      );
      await driver.receive(consumer, 1);
    },
    /** If a late ack succeeds, the capability must say so, and also whether the ack then has an effect. */
    async otherwise(bench) {
      const { settle } = bench.facts.capabilities;
      assert.ok(settle === "lateOk" || settle === "accepted", `the capability \`settle\` is ${settle}`);
      const driver = bench.driver(await bench.queue());
      const { consumer, delivery } = await driver.oneInHand();
      await bench.advance(1.5 * bench.leaseMs);
      values(await bench.settled("it answers", consumer.ackBatch([delivery.handle], bench.signal)));
      // Merely accepted: the message may be gone, or come once more.
      const again = await driver.receiveNow(consumer);
      assert.ok(again.length <= (settle === "lateOk" ? 0 : 1), `${again.length} deliveries after a late ack`);
    },
  },
  {
    id: "SETL-09",
    title: "the answers to a batch of settlements are complete and in order",
    rule: "D2",
    level: "both",
    needs: ["batchSettle"],
    async run(bench) {
      for (const failing of [0, 1, 2]) {
        const queue = await bench.queue();
        const driver = bench.driver(queue);
        const consumer = await driver.consumer();
        await driver.sendAll(...driver.messages(3));
        const deliveries = await driver.receive(consumer, 3);
        bench.plan.fail({ operation: "ack", code: "INTERNAL", items: [failing] });
        const results = await consumer.ackBatch(
          deliveries.map(({ handle }) => handle),
          bench.signal,
        );
        assert.deepEqual(
          results.map(({ ok }) => ok),
          [0, 1, 2].map((index) => index !== failing),
          `outcomes with item ${failing} failing`,
        );
        await bench.advance(1.5 * bench.leaseMs);
        const left = await driver.receiveNow(consumer);
        assert.deepEqual(
          left.map(({ id }) => id),
          [deliveries[failing]?.id],
          "only the message whose ack failed comes back; another one means that results are out of order",
        );
      }
    },
  },
  {
    id: "SETL-13",
    title: "settling through another consumer works or is refused, and says so",
    rule: "D5",
    level: "driver",
    needs: ["base"],
    async run(bench) {
      const driver = bench.driver(await bench.queue());
      const [first, second] = [await driver.consumer(), await driver.consumer()];
      await driver.sendAll(driver.message());
      const [delivery] = await driver.receive(first, 1);
      const [result] = await bench.settled("it answers", second.ackBatch([delivery?.handle], bench.signal));
      const code = driver.codeOf(result, "ack");
      assert.ok(["ok", "LEASE_LOST", "INVALID_ARGUMENT"].includes(code), `the answer was ${code}`);
      await bench.advance(1.5 * bench.leaseMs);
      const left = await driver.receiveNow(second);
      assert.equal(left.length, code === "ok" ? 0 : 1, `messages left after the answer ${code}`);
    },
  },
  {
    id: "SETL-14",
    title: "two deliveries with one application id settle each for itself",
    rule: "D5",
    level: "driver",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue();
      const driver = bench.driver(queue);
      const consumer = await driver.consumer();
      const id = `${queue.name}-twice`;
      const draft = (index: number): DraftMessage =>
        driver.target.capabilities.deduplication === "window"
          ? { id, deduplicationId: `${id}-${index}` }
          : { id };
      await driver.sendAll(...driver.messages(2, draft));
      const [first, second] = await driver.receive(consumer, 2);
      assert.deepEqual(
        [first?.id, second?.id],
        [id, id],
        "both deliveries have the application id that their sends shared",
      );
      assert.notEqual(
        first?.providerId,
        second?.providerId,
        "two messages with one application id have different provider ids",
      );
      values(await consumer.ackBatch([first?.handle], bench.signal));
      values(
        await consumer.releaseBatch([{ handle: second?.handle, delayMs: 0, cause: "retry" }], bench.signal),
      );
      const [again] = await driver.receive(consumer, 1);
      assert.equal(
        again?.providerId,
        second?.providerId,
        "the message that was released comes again, not the one that was acked",
      );
      values(await consumer.ackBatch([again?.handle], bench.signal));
      await bench.advance(1.5 * bench.leaseMs);
      assert.deepEqual(
        await driver.receiveNow(consumer),
        [],
        "nothing more can be received: the acked message does not come again",
      );
    },
  },
  {
    id: "SETL-15",
    title: "a look at a message takes nothing and counts nothing",
    rule: "D4",
    level: "driver",
    needs: ["peek"],
    async run(bench) {
      const driver = bench.driver(await bench.queue());
      const consumer = await driver.consumer();
      const message = driver.message();
      await driver.sendAll(message);
      const peeked = await bench.settled(
        "it answers",
        consumer.peekBatch?.(10, bench.signal) ?? Promise.resolve([]),
      );
      assert.deepEqual(
        peeked.map(({ id }) => id),
        [message.id],
        "peekBatch sees the message that waits",
      );
      const [delivery] = await driver.receive(consumer, 1);
      assert.equal(delivery?.id, message.id, "the message can be received after it was looked at");
      if (bench.facts.capabilities.deliveryCount !== "none")
        assert.equal(delivery.deliveryCount, 1, "deliveryCount of a first delivery: a look does not count");
    },
  },
]);
