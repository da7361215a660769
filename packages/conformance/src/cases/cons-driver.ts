import assert from "node:assert/strict";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { values } from "../driver-bench.ts";

/** Receiving at driver level. */
export const CONS_DRIVER: readonly ConformanceCase[] = caseGroup("CONS", [
  {
    id: "CONS-13",
    title: "one reply never holds more than was asked for",
    rule: "D1",
    level: "driver",
    needs: ["base"],
    async run(bench) {
      const driver = bench.driver(await bench.queue());
      await driver.sendAll(...driver.messages(Math.min(8, driver.target.limits.send.maxItems)));
      const consumer = await driver.consumer();
      for (const maxItems of [1, 2, 1]) {
        const ask = consumer.receiveBatch({ maxItems, waitMs: 0 }, bench.signal);
        const received = await bench.settled("it answers", ask);
        assert.ok(received.length <= maxItems, `${received.length} deliveries for an ask of ${maxItems}`);
      }
    },
  },
  {
    id: "CONS-14",
    title: "an aborted ask resolves at once and keeps no message from the next one",
    rule: "D1",
    level: "driver",
    needs: ["base"],
    async run(bench) {
      const driver = bench.driver(await bench.queue());
      const consumer = await driver.consumer();
      const controller = new AbortController();
      const waitMs = Math.min(10_000, driver.target.limits.receive.maxWaitMs);
      const ask = consumer.receiveBatch({ maxItems: 1, waitMs }, controller.signal);
      await bench.advance(100);
      controller.abort(new Error("no longer wanted"));
      const received = await bench.settled("the ask resolves", ask, 1_000);
      assert.equal(received.length, 0, "deliveries of an ask that was aborted while the queue was empty");
      const message = driver.message();
      await driver.sendAll(message);
      const withinMs = driver.target.capabilities.abort === "clean" ? bench.leaseMs / 2 : 2 * bench.leaseMs;
      const [delivery] = await driver.receive(consumer, 1, withinMs);
      assert.equal(
        delivery?.id,
        message.id,
        "the message sent after the abort reaches the next ask; the aborted one may not keep it",
      );
      values(await consumer.ackBatch([delivery.handle], bench.signal));
    },
  },
  {
    id: "CONS-15",
    title: "overlapping asks never share a delivery",
    rule: "D1",
    level: "driver",
    needs: ["base"],
    async run(bench) {
      const driver = bench.driver(await bench.queue());
      const consumer = await driver.consumer();
      const asks = Array.from({ length: Math.min(4, driver.target.limits.receive.parallel) }, () =>
        consumer.receiveBatch(
          { maxItems: 3, waitMs: Math.min(5_000, driver.target.limits.receive.maxWaitMs) },
          bench.signal,
        ),
      );
      const messages = driver.messages(Math.min(9, driver.target.limits.send.maxItems));
      await driver.sendAll(...messages);
      const replies = await bench.settled("all asks answer", Promise.all(asks));
      const ids = [...replies.flat(), ...(await driver.receiveNow(consumer))].map(({ id }) => id);
      assert.deepEqual(
        ids.toSorted(),
        messages.map(({ id }) => id).toSorted(),
        "ids of all deliveries of overlapping asks: each message comes to exactly one of them",
      );
    },
  },
]);
