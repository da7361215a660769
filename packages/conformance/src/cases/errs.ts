import assert from "node:assert/strict";
import { isQueueError } from "@anyqueue/core";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { InjectedFault } from "../fault-plan.ts";
import { numbers } from "../recorder.ts";
import { rejection } from "../rejection.ts";

/** Errors and large messages. */
export const ERRS: readonly ConformanceCase[] = caseGroup("ERRS", [
  {
    id: "ERRS-01",
    title: "a missing queue is reported by the first use, on both sides",
    rule: "D13",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = bench.missingQueue(await bench.queue());
      const producer = queue.producer();
      const sending = await rejection(
        bench.settled("the send fails", producer.send(queue.body(0)), 6_000),
        "NOT_FOUND",
      );
      assert.ok(sending.target.includes(queue.entity), `target: ${sending.target}`);
      const running = queue.consumer().run(() => undefined);
      await rejection(bench.settled("the run fails", running, 6_000), "NOT_FOUND");
    },
  },
  {
    id: "ERRS-02",
    title: "what the credentials may not do is reported at once, without a hot retry",
    rule: "D9",
    level: "portable",
    needs: ["base"],
    hooks: ["denied"],
    async run(bench) {
      const { denied } = bench.backend;
      assert.ok(denied !== undefined, "the harness offers a queue that its credentials may not use");
      const own = await bench.queue();
      const client = bench.connect([own], { provider: denied.provider(), url: denied.url });
      await rejection(
        bench.settled("the send fails", own.producer(client).send(own.body(0)), 6_000),
        denied.code,
      );
      await rejection(
        bench.settled(
          "the run fails",
          own.consumer({}, client).run(() => undefined),
          6_000,
        ),
        denied.code,
      );
      assert.ok(bench.plan.count("send") <= 2, `${bench.plan.count("send")} requests`);
    },
  },
  {
    id: "ERRS-03",
    title: "a throttled send is repeated after the service's hint, and given up in the end",
    rule: "D9",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      bench.plan.fail({ operation: "send", code: "THROTTLED", retryAfterMs: 2_000, times: 2 });
      await bench.settled("it is confirmed in the end", queue.send());
      const starts = bench.plan.calls("send").map(({ startedAtMs }) => startedAtMs);
      assert.equal(starts.length, 3, "send requests: two that are throttled and one that succeeds");
      for (const index of numbers(2)) {
        const gapMs = (starts[index + 1] ?? 0) - (starts[index] ?? 0);
        assert.ok(gapMs >= 1_990, `repeated after ${gapMs} ms`);
      }
      bench.plan.fail({ operation: "send", code: "THROTTLED", times: 10_000 });
      await rejection(
        bench.settled("it is given up", queue.producer().send(queue.next()), 40_000),
        "THROTTLED",
        "TIMEOUT",
      );
    },
  },
  {
    id: "ERRS-04",
    title: "a message that is too large is refused before any I/O, with its size and the limit",
    rule: "D7",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const { maxMessageBytes } = bench.driver(queue).target.limits;
      const text = "x".repeat(maxMessageBytes + 1);
      const error = await rejection(queue.producer().send(queue.next({ text })), "MESSAGE_TOO_LARGE");
      assert.ok(
        "sizeBytes" in error && typeof error.sizeBytes === "number" && error.sizeBytes > maxMessageBytes,
        "the error's sizeBytes is the message's size, which is above the limit",
      );
      assert.ok(
        "limitBytes" in error && error.limitBytes === maxMessageBytes,
        "the error's limitBytes is limits.maxMessageBytes",
      );
      assert.equal(
        bench.plan.count("send"),
        0,
        "send requests before the message was refused: its size is known before any I/O",
      );
      assert.ok(
        error.message.length < 1_000,
        "the error's message is short; a body does not belong into logs",
      );
    },
  },
  {
    id: "ERRS-05",
    title: "an abort is reported with the reason of the signal",
    rule: "D9",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const reason = new Error("the caller went away");
      const error = await rejection(
        queue.producer().send(queue.next(), { signal: AbortSignal.abort(reason) }),
        "CANCELLED",
      );
      assert.equal(error.cause, reason, "the error's cause is the reason of the signal that was aborted");
    },
  },
  {
    id: "ERRS-07",
    title: "an error says provider, operation and target, and never the body",
    rule: "D11",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      bench.plan.fail({ operation: "send", code: "ACCESS_DENIED" });
      const sending = queue.producer().send(queue.next({ text: "the-secret-text" }));
      const error = await rejection(bench.settled("it fails", sending), "ACCESS_DENIED");
      assert.equal(error.operation, "send", "the error's operation");
      assert.equal(
        error.provider,
        bench.driver(queue).adapter.name,
        "the error's provider, the name of the adapter",
      );
      assert.ok(error.target.includes(queue.entity), `target: ${error.target}`);
      assert.ok(error.cause !== undefined, "the error's cause, the vendor's own error");
      assert.ok(
        !JSON.stringify([error.message, error.target]).includes("the-secret-text"),
        "the body is in the error",
      );
    },
  },
  {
    id: "ERRS-08",
    title: "a consumer survives what passes, and stops with what does not",
    rule: "D9",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      bench.plan.fail({ operation: "receive", code: "UNAVAILABLE", times: 3 });
      const recorder = bench.recorder();
      await bench.settled("it is confirmed", queue.send());
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("it arrives all the same", () => recorder.succeeded === 1);
      assert.equal(
        bench.reported("receive-error").length,
        3,
        "receive-error events: one for each failure that passes",
      );
      await bench.settled("it closes", queue.client.close());
      bench.plan.fail({ operation: "receive", code: "ACCESS_DENIED", times: 10_000 });
      const running = queue.consumer({}, queue.otherClient()).run(recorder.handler());
      await rejection(bench.settled("the run ends", running), "ACCESS_DENIED");
    },
  },
  {
    id: "ERRS-10",
    title: "the vendor's own error is reachable",
    rule: "D9",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      bench.plan.fail({ operation: "send", code: "INVALID_ARGUMENT" });
      const error = await rejection(bench.settled("the send fails", queue.send()), "PARTIAL_SEND");
      assert.ok(
        isQueueError(error, "PARTIAL_SEND"),
        "a batch that fails in part rejects with PARTIAL_SEND, which holds each message's own result",
      );
      const [result] = error.results;
      assert.ok(result !== undefined && !result.ok, "the result of the message whose send failed says so");
      assert.ok(result.error.cause instanceof InjectedFault, `cause: ${String(result.error.cause)}`);
      assert.equal(result.error.retryable, false, "the error is not retryable, as the adapter classified it");
    },
  },
]);

/** Sizes at the limit. */
export const LARG: readonly ConformanceCase[] = caseGroup("LARG", [
  {
    id: "LARG-01",
    title: "a message of exactly the largest size is taken and arrives whole",
    rule: "D7",
    level: "driver",
    needs: ["base"],
    async run(bench) {
      const driver = bench.driver(await bench.queue());
      const { maxMessageBytes } = driver.target.limits;
      const frame = driver.message({ id: "at-the-limit", text: "" });
      const room = maxMessageBytes - driver.producer.sizeOf({ ...frame, body: new Uint8Array(0) });
      const body = new Uint8Array(Math.min(room, 2_000_000)).fill(120);
      const message = { ...frame, body };
      const sizeBytes = driver.producer.sizeOf(message);
      assert.ok(
        sizeBytes >= maxMessageBytes * 0.9 || room > 2_000_000,
        `sizeOf says ${sizeBytes} of ${maxMessageBytes}`,
      );
      assert.ok(sizeBytes <= maxMessageBytes, `sizeOf says ${sizeBytes} of ${maxMessageBytes}`);
      await driver.sendAll(message);
      const [delivery] = await driver.receive(await driver.consumer(), 1);
      assert.equal(
        delivery?.body.byteLength,
        body.byteLength,
        "bytes of the body: a message of the largest size arrives whole",
      );
    },
  },
  {
    id: "LARG-02",
    title: "attributes count: a body that fits alone is refused with them",
    rule: "D7",
    level: "portable",
    needs: ["headers"],
    async run(bench) {
      const queue = await bench.queue();
      const driver = bench.driver(queue);
      const { maxMessageBytes } = driver.target.limits;
      const frame = driver.message({
        text: JSON.stringify(queue.body(0, { text: "" })),
        contentType: "application/json",
      });
      const text = "x".repeat(Math.max(0, maxMessageBytes - driver.producer.sizeOf(frame) - 300));
      const attributes = { first: "a".repeat(250), second: "b".repeat(250) };
      await rejection(queue.producer().send(queue.body(0, { text }), { attributes }), "MESSAGE_TOO_LARGE");
      assert.equal(
        bench.plan.count("send"),
        0,
        "send requests before the message was refused: attributes count for its size",
      );
      await bench.settled(
        "without them it is taken",
        queue.producer().send(queue.body(1, { text: text.slice(1_000) })),
      );
    },
  },
]);
