import assert from "node:assert/strict";
import type { Feature } from "@anyqueue/core/adapter";
import type { Bench } from "../bench.ts";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { values } from "../driver-bench.ts";
import { NEEDS, type Need } from "../needs.ts";
import { assertRefused } from "../negative.ts";
import { thrown } from "../rejection.ts";

/** Honesty of capabilities and limits. */
export const CAPA: readonly ConformanceCase[] = caseGroup("CAPA", [
  {
    id: "CAPA-01",
    title: "what a capability denies is absent or refused before any I/O",
    rule: "D4",
    level: "both",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const { capabilities } = bench.facts;
      const driver = bench.driver(queue);
      const consumer = await driver.consumer();
      const leases = capabilities.lease === "timed" || capabilities.lease === "shared";
      assert.equal(
        consumer.extendBatch !== undefined,
        leases,
        "a consumer driver has extendBatch exactly if its capability `lease` says that leases can be extended",
      );
      assert.equal(
        consumer.deadLetterBatch !== undefined,
        capabilities.deadLetter === "native",
        'a consumer driver has deadLetterBatch exactly if its capability `deadLetter` is "native"',
      );
      assert.equal(
        consumer.peekBatch !== undefined,
        capabilities.peek,
        "a consumer driver has peekBatch exactly if its capability `peek` says so",
      );
      assert.equal(
        driver.producer.cancelBatch !== undefined,
        capabilities.cancel,
        "a producer driver has cancelBatch exactly if its capability `cancel` says so",
      );
      await assertFeature(bench, "ordering", capabilities.ordering === "by-key");
      await assertFeature(bench, "deduplication", capabilities.deduplication === "window");
      await assertFeature(bench, "delay", capabilities.sendDelay !== "none");
      await assertFeature(bench, "ttl", capabilities.ttl);
    },
  },
  {
    id: "CAPA-03",
    title: "the largest batches that the limits allow are taken",
    rule: "D4",
    level: "driver",
    needs: ["batchSend"],
    async run(bench) {
      const driver = bench.driver(await bench.queue());
      const { send, receive, ack } = driver.target.limits;
      // Each message has its own key: if a request can have only one key, they arrive slowly, key by key.
      const count = Math.min(send.maxItems, bench.facts.capabilities.batchKey === "uniform" ? 20 : 100);
      await driver.sendAll(...driver.messages(count));
      const consumer = await driver.consumer();
      const deliveries = await driver.receive(consumer, count);
      assert.equal(
        new Set(deliveries.map(({ providerId }) => providerId)).size,
        count,
        "different provider ids among the deliveries: the core takes messages with one id for the same message",
      );
      assert.ok(
        receive.maxItems >= 1 && ack.maxItems >= 1,
        "limits.receive.maxItems and limits.ack.maxItems are 1 or more, or nothing could be received or acked",
      );
      for (let from = 0; from < count; from += ack.maxItems) {
        const handles = deliveries.slice(from, from + ack.maxItems).map(({ handle }) => handle);
        assert.equal(
          values(await consumer.ackBatch(handles, bench.signal)).length,
          handles.length,
          "results of ackBatch, one for each handle: the core could not tell which ack failed",
        );
      }
      await bench.advance(1.5 * bench.leaseMs);
      assert.deepEqual(
        await driver.receiveNow(consumer),
        [],
        "nothing can be received after the largest batches were acked; what comes again was not acked",
      );
    },
  },
  {
    id: "CAPA-05",
    title: "a misspelt option is refused with the right one",
    rule: "D4",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const misspelt: object = { concurency: 3 };
      const error = thrown(() => queue.consumer({ prefetch: 0, ...misspelt }), "INVALID_ARGUMENT");
      assert.match(error.message, /concurrency/, "the refusal of a misspelt option suggests the right name");
      const { url } = bench.backend;
      const bad = `${url}${url.includes("?") ? "&" : "?"}no-such-parameter=1`;
      const refused = thrown(
        () => bench.connect([queue], { url: bad }).producer(queue.definition),
        "INVALID_ARGUMENT",
      );
      assert.match(
        refused.message,
        /no-such-parameter/,
        "the refusal of a connection URL names the unknown parameter",
      );
      assert.equal(
        bench.plan.count(),
        0,
        "driver calls before the mistake was refused: it must be found before any I/O",
      );
    },
  },
  {
    id: "CAPA-07",
    title: "what the core emulates is said once, and works",
    rule: "D4",
    level: "portable",
    needs: ["noDelay"],
    async run(bench) {
      const queue = await bench.queue({ needs: ["delay"], emulate: ["delay"] });
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      const sentAtMs = bench.now();
      for (const delay of ["40s", "40s"] as const)
        await bench.settled("it is confirmed", queue.send(1, { delay }));
      await bench.until("they arrive", () => recorder.succeeded === 2, 2 * 40_000);
      for (const { startedAtMs } of recorder.deliveries) {
        const waitedMs = startedAtMs - sentAtMs;
        assert.ok(waitedMs >= 40_000 - bench.backend.toleranceMs, `it came after ${waitedMs} ms`);
      }
      const said = bench.reported("emulated").length;
      assert.ok(said >= 1 && said <= 2, `${said} reports by one producer and one consumer`);
    },
    /** If the service has the feature, it is not emulated, even though that is allowed. */
    async otherwise(bench) {
      const queue = await bench.queue({ needs: ["delay"], emulate: ["delay"] });
      await bench.settled("it is confirmed", queue.send(1, { delay: "40s" }));
      assert.equal(
        bench.reported("emulated").length,
        0,
        "reports of an emulation although the service has the feature itself",
      );
      assert.ok(
        bench.plan.calls("send")[0]?.detail.messages?.[0]?.deliverAtMs !== undefined,
        "the request carries deliverAtMs: the driver is asked for the delay, because its capability says that it can",
      );
    },
  },
  {
    id: "CAPA-02",
    title: "every capability that is claimed was proved in this run",
    rule: "D4",
    level: "both",
    needs: ["base"],
    async run(bench) {
      const claims = Object.keys(NEEDS).filter((need): need is Need => need in NEEDS && need !== "base");
      for (const need of claims.filter((claim) => NEEDS[claim].isMet(bench.facts))) {
        const proofs = bench.results.filter(
          (result) => result.needs.includes(need) && result.outcome === "passed",
        );
        assert.ok(proofs.length > 0, `no case that needs ${need} passed in this run; run the whole suite`);
      }
    },
  },
]);

async function assertFeature(bench: Bench, feature: Feature, isClaimed: boolean): Promise<void> {
  if (!isClaimed) {
    await assertRefused(bench, feature);
    return;
  }
  const own = await bench.queue({ needs: [feature] });
  const before = bench.plan.count();
  own.producer();
  assert.equal(
    bench.plan.count(),
    before,
    "driver calls while a producer was made for a feature that the target has: making one does no I/O",
  );
}
