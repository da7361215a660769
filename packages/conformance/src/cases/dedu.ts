import assert from "node:assert/strict";
import { idempotency, memoryIdempotencyStore, type IdempotencyStore } from "@anyqueue/core";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { numbers } from "../recorder.ts";
import type { QueueOptions } from "../test-queue.ts";
import { assertRefused } from "../negative.ts";

const DEDUPLICATED: QueueOptions = { deduplicated: true };

/** Deduplication by the service. */
export const DEDU: readonly ConformanceCase[] = caseGroup("DEDU", [
  {
    id: "DEDU-01",
    title: "of two sends with one id inside the window one is delivered",
    rule: "D5",
    level: "portable",
    needs: ["dedup"],
    async run(bench) {
      const queue = await bench.queue(DEDUPLICATED);
      const id = `${queue.name}-once`;
      const body = queue.next();
      for (const _ of numbers(3))
        await bench.settled("the send is confirmed", queue.producer().send(body, { id }));
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("it arrives", () => recorder.succeeded === 1);
      await bench.advance(2 * bench.leaseMs);
      recorder.assertSeqs([0]);
    },
  },
  {
    id: "DEDU-02",
    title: "equal bodies with different ids are all delivered",
    rule: "D5",
    level: "portable",
    needs: ["dedup"],
    async run(bench) {
      const queue = await bench.queue(DEDUPLICATED);
      const body = queue.next();
      for (const n of numbers(3)) {
        await bench.settled(
          "the send is confirmed",
          queue.producer().send(body, { id: `${queue.name}-${n}` }),
        );
      }
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("they arrive", () => recorder.succeeded >= 3);
      await bench.advance(2 * bench.leaseMs);
      recorder.assertSeqs([0, 0, 0]);
    },
  },
  {
    id: "DEDU-03",
    title: "an id beyond the service's alphabet deduplicates all the same, or is refused before any I/O",
    rule: "D4",
    level: "portable",
    needs: ["dedup"],
    async run(bench) {
      const queue = await bench.queue(DEDUPLICATED);
      const id = `Zahlung für ${queue.name} – €`;
      const body = queue.next();
      const send = (): Promise<unknown> => queue.producer().send(body, { id });
      const [first] = await bench.settled("it ends", Promise.allSettled([send()]));
      if (first.status === "rejected") {
        assert.match(
          String(first.reason),
          /INVALID_ARGUMENT/,
          "an id that the service cannot carry is refused as INVALID_ARGUMENT if it is not made fit",
        );
        assert.equal(
          bench.plan.count("send"),
          0,
          "send requests before the id was refused: it must be found before any I/O",
        );
        return;
      }
      await bench.settled("the repetition is confirmed", send());
      const [message] = await bench.settled("it arrives", queue.consumer().receive({ wait: "1m" }));
      assert.equal(
        message?.id,
        id,
        "the message keeps the application's id, whatever deduplication id it was sent with",
      );
      await bench.settled("the ack is confirmed", message.ack());
      assert.deepEqual(
        await bench.settled("no more", queue.consumer().receive()),
        [],
        "nothing more can be received: the second send with the same id was a duplicate",
      );
    },
  },
  {
    id: "DEDU-04",
    title: "a send with an unknown outcome is repeated and delivered once",
    rule: "D2",
    level: "portable",
    needs: ["dedup"],
    async run(bench) {
      const queue = await bench.queue(DEDUPLICATED);
      bench.plan.fail({ operation: "send", code: "TIMEOUT", when: "after" });
      await bench.settled("the send is confirmed", queue.send());
      assert.equal(
        bench.plan.count("send"),
        2,
        "send requests: the one with the unknown outcome and its repetition",
      );
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("it arrives", () => recorder.succeeded === 1);
      await bench.advance(2 * bench.leaseMs);
      recorder.assertSeqs([0]);
    },
  },
  {
    id: "DEDU-05",
    title: "with the idempotency middleware a duplicate is acked without running the handler",
    rule: "D5",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 5, delay: "2s" } });
      const store = memoryIdempotencyStore({ clock: bench.time.clock });
      let failures = 1;
      const unreliable: IdempotencyStore = {
        ...store,
        begin: async (key, ttlMs) => {
          if (failures > 0) throw new Error(`the store fails ${(failures -= 1)} times more`);
          return await store.begin(key, ttlMs);
        },
      };
      const client = bench.connect([queue], {
        middleware: [idempotency({ store: unreliable, clock: bench.time.clock })],
      });
      const recorder = bench.recorder();
      void bench.start(queue.consumer({}, client), recorder.handler());
      await bench.settled("the first is confirmed", queue.send(1, { id: `${queue.name}-a` }));
      await bench.until(
        "it is handled after the store failed once, and acked",
        () => recorder.succeeded === 1 && bench.plan.count("ack") === 1,
      );
      assert.equal(bench.plan.count("release"), 1, "a message whose store failed goes back");
      const driver = bench.driver(queue);
      const text = JSON.stringify(queue.body(0));
      const copy = driver.message({ id: `${queue.name}-a`, text, contentType: "application/json" });
      await driver.sendAll(
        driver.target.capabilities.deduplication === "window"
          ? { ...copy, deduplicationId: `${queue.name}-b` }
          : copy,
      );
      await bench.until("the duplicate is acked", () => bench.plan.count("ack") === 2);
      recorder.assertSeqs([0]);
    },
  },
  {
    id: "DEDU-06",
    title: "with the idempotency middleware a handler that failed is run again",
    rule: "D5",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 3, delay: "1s" } });
      const store = memoryIdempotencyStore({ clock: bench.time.clock });
      const client = bench.connect([queue], {
        middleware: [idempotency({ store, clock: bench.time.clock })],
      });
      await bench.settled("it is confirmed", queue.send());
      const recorder = bench.recorder();
      const failing = recorder.handler(() => {
        if (recorder.started === 1) throw new Error("once");
      });
      void bench.start(queue.consumer({}, client), failing);
      await bench.until("it is handled", () => recorder.succeeded === 1);
      recorder.assertSeqs([0, 0]);
    },
  },
  {
    id: "DEDU-07",
    title: "deduplication asked of an entity without it is refused before anything is sent",
    rule: "D4",
    level: "portable",
    needs: ["noDedup"],
    async run(bench) {
      await assertRefused(bench, "deduplication");
      assert.equal(bench.plan.count("send"), 0, "send requests to an entity that would not deduplicate");
    },
    /** If the service has a window, anybody who asks for it gets it. */
    async otherwise(bench) {
      const queue = await bench.queue(DEDUPLICATED);
      queue.producer();
      assert.equal(
        bench.driver(queue).target.capabilities.deduplication,
        "window",
        "a target with deduplication says so for a definition that needs it: capability deduplication",
      );
    },
  },
]);
