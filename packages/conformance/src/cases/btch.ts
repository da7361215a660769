import assert from "node:assert/strict";
import { isQueueError, type SendResult } from "@anyqueue/core";
import type { Bench } from "../bench.ts";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { ascending, numbers } from "../recorder.ts";
import { rejection } from "../rejection.ts";
import type { QueueOptions } from "../test-queue.ts";
import { assertIdentity } from "../identity.ts";

/** Batches in both directions. */
export const BTCH: readonly ConformanceCase[] = caseGroup("BTCH", [
  {
    id: "BTCH-01",
    title: "more messages than one request holds are split, and each result is its own message's",
    rule: "D2",
    level: "portable",
    needs: ["batchSend"],
    async run(bench) {
      const queue = await bench.queue();
      const { maxItems } = bench.facts.limits.send;
      const count = Math.min(2 * maxItems + 3, 250);
      const sent = await bench.settled("they are confirmed", queue.send(count));
      assert.equal(sent.length, count, "one result for each message given to sendMany");
      for (const call of bench.plan.calls("send"))
        assert.ok(call.items <= maxItems, `a request of ${call.items}`);
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("they arrive", () => recorder.succeeded >= count);
      recorder.assertSeqs(numbers(count));
      for (const { seq, message } of recorder.deliveries) {
        assertIdentity(sent[seq], message);
      }
    },
  },
  {
    id: "BTCH-02",
    title: "no request is larger than its limit, attributes counted",
    rule: "D7",
    level: "both",
    needs: ["batchSend"],
    async run(bench) {
      const queue = await bench.queue();
      const driver = bench.driver(queue);
      const { maxBytes, overheadBytes } = driver.target.limits.send;
      const limit = Math.min(maxBytes, driver.target.limits.maxMessageBytes);
      const text = "x".repeat(Math.floor(Math.min(limit, 1_200_000) * 0.4));
      const producer = queue.producer();
      const sends = numbers(5).map((seq) =>
        producer.send(queue.body(seq, { text }), { attributes: { tenant: "acme" } }),
      );
      await bench.settled("they are confirmed", Promise.all(sends));
      for (const { detail } of bench.plan.calls("send")) {
        const bytes = (detail.messages ?? []).reduce(
          (sum, message) => sum + driver.producer.sizeOf(message),
          overheadBytes,
        );
        assert.ok(bytes <= maxBytes, `a request of ${bytes} bytes, the limit is ${maxBytes}`);
      }
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("they arrive", () => recorder.succeeded >= 5);
      recorder.assertSeqs(numbers(5));
    },
  },
  {
    id: "BTCH-03",
    title: "of a batch with one illegal message only that one fails",
    rule: "D2",
    level: "portable",
    needs: ["batchSend"],
    async run(bench) {
      const queue = await bench.queue();
      const items = numbers(5).map((seq) => ({
        body: queue.body(seq),
        attributes: seq === 2 ? { "aq-forged": "1" } : {},
      }));
      const error = await rejection(
        bench.settled("it ends", queue.producer().sendMany(items)),
        "PARTIAL_SEND",
      );
      assert.ok(
        isQueueError(error, "PARTIAL_SEND"),
        "a batch that fails in part rejects with PARTIAL_SEND, which holds each message's own result",
      );
      assert.deepEqual(
        error.results.map(codeOf),
        ["ok", "ok", "INVALID_ARGUMENT", "ok", "ok"],
        "only the message with the reserved attribute name fails; its neighbours in the batch are sent",
      );
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("the others arrive", () => recorder.succeeded >= 4);
      recorder.assertSeqs([0, 1, 3, 4]);
    },
  },
  {
    id: "BTCH-04",
    title: "of a batch with one message that the service refuses for the moment only that one is sent again",
    rule: "D2",
    level: "portable",
    needs: ["batchSend"],
    async run(bench) {
      const queue = await bench.queue();
      const hold = bench.plan.hold("send");
      const first = queue.send();
      await bench.until("a request is out", () => hold.reached === 1);
      // If all messages of a request have one key, each of these messages is alone in its request.
      const refused = bench.facts.capabilities.batchKey === "uniform" ? 0 : 1;
      bench.plan.fail({ operation: "send", code: "UNAVAILABLE", items: [refused] });
      const rest = queue.send(4);
      hold.release();
      await bench.settled("they are confirmed", Promise.all([first, rest]));
      const tries = new Map<string, number>();
      for (const { detail } of bench.plan.calls("send")) {
        for (const { id } of detail.messages ?? []) tries.set(id, (tries.get(id) ?? 0) + 1);
      }
      assert.deepEqual(
        [...tries.values()].toSorted(ascending),
        [1, 1, 1, 1, 2],
        "requests that held each message: only the one that failed is sent again, because the others would be duplicated",
      );
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("they arrive", () => recorder.succeeded >= 5);
      await bench.advance(bench.leaseMs);
      recorder.assertSeqs(numbers(5));
    },
  },
  {
    id: "BTCH-05",
    title: "a request with an unknown outcome is repeated only where nothing is duplicated by that",
    rule: "D2",
    level: "portable",
    needs: ["batchSend"],
    async run(bench) {
      const queue = await bench.queue(togetherOptions(bench));
      bench.plan.fail({ operation: "send", code: "TIMEOUT", when: "after" });
      const [outcome] = await bench.settled("it ends", Promise.allSettled([queue.send(3)]));
      const isSafe =
        bench.facts.capabilities.deduplication === "window" && queue.options.deduplicated === true;
      if (outcome.status === "rejected") {
        assert.ok(isQueueError(outcome.reason, "PARTIAL_SEND"), String(outcome.reason));
        for (const result of outcome.reason.results) {
          assert.ok(!result.ok && result.error.ambiguous, "every result says that it is ambiguous");
        }
      }
      if (isSafe)
        assert.equal(
          outcome.status,
          "fulfilled",
          "a request whose outcome is unknown is repeated where its deduplication ids make that safe",
        );
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("they arrive", () => recorder.succeeded >= 3);
      await bench.advance(bench.leaseMs);
      recorder.assertSeqs(numbers(3));
    },
  },
  {
    id: "BTCH-06",
    title: "flush resolves when everything that was accepted is confirmed",
    rule: "D2",
    level: "portable",
    needs: ["batchSend"],
    async run(bench) {
      const queue = await bench.queue();
      const hold = bench.plan.hold("send");
      const producer = queue.producer();
      let confirmed = 0;
      for (const seq of numbers(7)) {
        const sending = producer.send(queue.body(seq)).then(() => {
          confirmed += 1;
        });
        void bench.background(sending);
      }
      await bench.until("a request is out", () => hold.reached === 1);
      let isFlushed = false;
      const flushing = producer.flush().then(() => {
        isFlushed = true;
      });
      await bench.advance(100);
      assert.equal(
        isFlushed,
        false,
        "flush resolved while a send was not confirmed; an application that exits now would lose it",
      );
      hold.release();
      await bench.settled("it is flushed", flushing);
      await bench.time.beat();
      assert.equal(confirmed, 7, "sends confirmed when flush has resolved");
    },
  },
  {
    id: "BTCH-07",
    title: "sends that come together go out together, and each gets its own result",
    rule: "D2",
    level: "portable",
    needs: ["batchSend"],
    async run(bench) {
      const queue = await bench.queue(togetherOptions(bench));
      const producer = queue.producer();
      const sends = numbers(40).map((seq) => producer.send(queue.body(seq), { id: `${queue.name}-${seq}` }));
      const sent = await bench.settled("they are confirmed", Promise.all(sends));
      assert.deepEqual(
        sent.map(({ id }) => id),
        numbers(40).map((seq) => `${queue.name}-${seq}`),
        "each send gets its own message's result, in the order of the calls, although they share requests",
      );
      assert.ok(bench.plan.count("send") < 40, `${bench.plan.count("send")} requests for 40 messages`);
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("they arrive", () => recorder.succeeded >= 40);
      for (const { seq, message } of recorder.deliveries) {
        assertIdentity(sent[seq], message);
      }
    },
  },
  {
    id: "BTCH-08",
    title: "of a batch handler's messages only the failed one is retried",
    rule: "D5",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 3, delay: "1s" } });
      await bench.settled("they are confirmed", queue.send(4));
      const seen: number[] = [];
      const running = queue.consumer().runBatch(
        async (messages) => {
          seen.push(...messages.map(({ body }) => body.seq));
          return messages.map(({ body }) =>
            body.seq === 2 && seen.filter((seq) => seq === 2).length === 1
              ? { status: "rejected" as const, reason: new Error("once") }
              : { status: "fulfilled" as const, value: undefined },
          );
        },
        { size: 4, wait: "1s" },
      );
      void bench.background(running);
      await bench.until("the failed one is retried", () => seen.length >= 5);
      await bench.advance(2 * bench.leaseMs);
      assert.deepEqual(
        seen.toSorted(ascending),
        [0, 1, 2, 2, 3],
        "messages that the batch handler got: only the one that it reported as failed comes again",
      );
    },
  },
  {
    id: "BTCH-09",
    title: "a batch handler that throws fails all of its messages",
    rule: "D5",
    level: "portable",
    needs: ["release"],
    async run(bench) {
      const queue = await bench.queue({ retry: { attempts: 3, delay: "1s" } });
      await bench.settled("they are confirmed", queue.send(3));
      const runs = new Map<number, number>();
      const running = queue.consumer().runBatch(
        async (messages) => {
          for (const { body } of messages) runs.set(body.seq, (runs.get(body.seq) ?? 0) + 1);
          if (messages.some(({ body }) => runs.get(body.seq) === 1)) throw new Error("once");
        },
        { size: 3, wait: "1s" },
      );
      void bench.background(running);
      await bench.until("all are retried", () => numbers(3).every((seq) => (runs.get(seq) ?? 0) >= 2));
      await bench.advance(2 * bench.leaseMs);
      for (const seq of numbers(3)) assert.ok((runs.get(seq) ?? 0) <= 3, `runs of message ${seq}`);
    },
  },
  {
    id: "BTCH-10",
    title: "an empty batch succeeds without a request",
    rule: "D2",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      assert.deepEqual(
        await bench.settled("it ends", queue.producer().sendMany([])),
        [],
        "results of a batch of no messages",
      );
      assert.equal(bench.plan.count("send"), 0, "requests for a batch of no messages");
    },
  },
]);

function codeOf(result: SendResult): string {
  return result.ok ? "ok" : result.error.code;
}

/** Options of a queue whose messages may share a request. */
function togetherOptions(bench: Bench): QueueOptions {
  return bench.facts.capabilities.batchKey === "uniform" ? { keyOf: () => "one" } : {};
}
