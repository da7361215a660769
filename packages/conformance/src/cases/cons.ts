import assert from "node:assert/strict";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { createGate } from "../gate.ts";
import { ascending, numbers } from "../recorder.ts";
import { assertIdentity } from "../identity.ts";

/** Consuming. */
export const CONS: readonly ConformanceCase[] = caseGroup("CONS", [
  {
    id: "CONS-01",
    title: "a handler gets body, attributes, ids, attempt, time and key",
    rule: "D10",
    level: "portable",
    needs: ["headers"],
    async run(bench) {
      const queue = await bench.queue();
      const [sent] = await bench.settled(
        "the send is confirmed",
        queue.send(1, {
          id: `${queue.name}-7`,
          attributes: { tenant: "acme" },
          correlationId: "c-1",
          replyTo: "answers",
        }),
      );
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("it arrives", () => recorder.succeeded === 1);
      const delivery = recorder.deliveries[0];
      assert.ok(delivery !== undefined && sent !== undefined, "there are a receipt and a run of the handler");
      const { message, context } = delivery;
      assert.deepEqual(message.body, queue.body(0), "the body arrives as it was sent");
      assert.deepEqual(
        { ...message.attributes },
        { tenant: "acme" },
        "the attributes arrive as they were sent, without those of the core or the service",
      );
      assert.equal(message.id, `${queue.name}-7`, "message.id is the id that the sender gave");
      assertIdentity(sent, message);
      assert.equal(message.correlationId, "c-1", "the correlation id arrives as it was sent");
      assert.equal(message.replyTo, "answers", "replyTo arrives as it was sent");
      assert.match(
        message.contentType ?? "",
        /^application\/json/,
        "the content type arrives as it was sent",
      );
      assert.equal(
        message.orderingKey,
        queue.options.ordered === true ? "key-0" : undefined,
        "the ordering key arrives where the queue is ordered, and is absent elsewhere",
      );
      assert.equal(context.attempt, 1, "the attempt of a first delivery");
      assert.equal(context.isLastAttempt, false, "isLastAttempt at the first of several attempts");
      assert.equal(
        context.signal.aborted,
        false,
        "the signal of a handler that has just begun is not aborted",
      );
      assert.ok(
        message.enqueuedAt instanceof Date,
        "enqueuedAt, the time at which the service stored the message, is a Date",
      );
      assert.ok(
        Math.abs(message.enqueuedAt.getTime() - bench.time.clock.wallNow()) < 300_000,
        "enqueuedAt is within five minutes of now; seconds taken for milliseconds, or the other way round, look like this",
      );
    },
  },
  {
    id: "CONS-02",
    title: "an empty queue answers empty within the wait, and an idle consumer asks rarely",
    rule: "D1",
    level: "both",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const driver = bench.driver(queue);
      assert.deepEqual(
        await driver.receiveNow(await driver.consumer()),
        [],
        "deliveries of an empty queue without a wait",
      );
      void bench.start(queue.consumer(), () => undefined);
      await bench.until("the consumer asks", () =>
        bench.plan.calls("receive").some(({ detail }) => detail.ask?.waitMs !== 0),
      );
      const { maxWaitMs } = bench.facts.limits.receive;
      const before = bench.plan.count("receive");
      const startedAtMs = bench.now();
      await bench.advance(60_000);
      const asks = bench.plan.count("receive") - before;
      // Clocks run: on a busy machine more than a minute has passed.
      const passedMs = bench.now() - startedAtMs;
      const allowed = Math.ceil(passedMs / Math.max(1_000, maxWaitMs)) + 2;
      assert.ok(asks <= allowed, `${asks} asks in ${passedMs} ms, expected at most ${allowed}`);
    },
  },
  {
    id: "CONS-03",
    title: "a waiting ask returns promptly when a message arrives",
    rule: "D1",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("the consumer asks", () => bench.plan.count("receive") > 0);
      await bench.settled("the send is confirmed", queue.send());
      await bench.until("it arrives", () => recorder.started === 1, 1_000);
    },
  },
  {
    id: "CONS-04",
    title: "a message sent before the consumer started is delivered",
    rule: "D1",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("the send is confirmed", queue.send());
      await bench.advance(60_000);
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("it arrives", () => recorder.succeeded === 1);
      recorder.assertSeqs([0]);
    },
  },
  {
    id: "CONS-05",
    title: "two consumers share the work without overlap",
    rule: "D5",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("the sends are confirmed", queue.send(60));
      const all = bench.recorder();
      const gate = createGate();
      const counts = [0, 0];
      const clients = [queue.client, queue.otherClient()];
      for (const [index, client] of clients.entries()) {
        const consumer = queue.consumer({ concurrency: 2, prefetch: 0 }, client);
        void bench.start(
          consumer,
          all.handler(async () => {
            counts[index] = (counts[index] ?? 0) + 1;
            await gate.opened;
          }),
        );
      }
      await bench.until("both work", () => counts.every((count) => count > 0));
      gate.open();
      await bench.until("all is done", () => all.succeeded >= 60);
      await bench.advance(2 * bench.leaseMs);
      all.assertSeqs(numbers(60));
    },
  },
  {
    id: "CONS-06",
    title: "pull and push hand over the same content",
    rule: "D10",
    level: "portable",
    needs: ["headers"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled(
        "the sends are confirmed",
        queue.send(2, { attributes: { tenant: "acme" }, correlationId: "c-1" }),
      );
      const puller = queue.consumer();
      const [pulled] = await bench.settled("one is pulled", puller.receive({ wait: "1m" }));
      assert.ok(pulled !== undefined, "receive returns a message of the two that were sent");
      const pulledView = view(pulled, pulled.attempt);
      await bench.settled("it is acked", pulled.ack());
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("the other is pushed", () => recorder.succeeded === 1);
      const pushed = recorder.deliveries[0];
      assert.ok(pushed !== undefined, "the handler gets the message that is left");
      assert.deepEqual(
        view(pushed.message, pushed.attempt),
        pulledView,
        "a handler gets the same fields as receive returns",
      );
      assert.deepEqual(
        [pulled.body.seq, pushed.seq].toSorted(ascending),
        [0, 1],
        "the two messages were handed over, one each way",
      );
    },
  },
  {
    id: "CONS-07",
    title: "a message from the vendor's SDK is delivered with all that it carries",
    rule: "D10",
    level: "portable",
    needs: ["headers"],
    hooks: ["foreign"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.backend.foreign?.send(queue.entity, {
        text: JSON.stringify(queue.next()),
        attributes: { tenant: "acme" },
        orderingKey: "foreign",
      });
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("it arrives", () => recorder.succeeded === 1);
      const message = recorder.deliveries[0]?.message;
      assert.deepEqual(
        message?.body,
        queue.body(0),
        "the body of a message from the vendor's SDK is decoded like one of ours",
      );
      assert.deepEqual(
        { ...message.attributes },
        { tenant: "acme" },
        "the attributes of a message from the vendor's SDK arrive as that SDK set them",
      );
      // The service's own identity, or the id that it gave to a message without one.
      assert.notEqual(message.id, "", "an id of the provider stands in");
    },
  },
  {
    id: "CONS-08",
    title: "an undecodable message is dead-lettered, its neighbours are handled",
    rule: "D10",
    level: "both",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const driver = bench.driver(queue);
      await bench.settled("good ones are confirmed", queue.send(2));
      await driver.sendAll(
        driver.message({ text: "{ no json", contentType: "application/json", id: `${queue.name}-bad` }),
      );
      await bench.settled("more good ones are confirmed", queue.send(2));
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("the good ones are handled", () => recorder.succeeded >= 4);
      const [dead] = await bench.settled(
        "the bad one is dead",
        queue.deadLetterConsumer().receive({ wait: "1m" }),
      );
      assert.equal(
        dead?.id,
        `${queue.name}-bad`,
        "the message that cannot be decoded is in the dead letters, under its own id",
      );
      assert.match(
        dead.deadLettered?.reason ?? "",
        /INVALID_MESSAGE/,
        "the dead letter says why it is there: INVALID_MESSAGE",
      );
      assert.equal(
        new TextDecoder().decode(dead.body),
        "{ no json",
        "the dead letter's body is, byte for byte, the one that could not be decoded",
      );
      await bench.settled("it is acked", dead.ack());
      recorder.assertSeqs(numbers(4));
    },
  },
]);

function view(
  message: {
    readonly attributes: Readonly<Record<string, string>>;
    readonly contentType?: string;
    readonly correlationId?: string;
    readonly id: string;
    readonly providerId: string;
    readonly enqueuedAt?: Date;
  },
  attempt: number,
): object {
  return {
    attributes: { ...message.attributes },
    contentType: message.contentType,
    correlationId: message.correlationId,
    id: typeof message.id,
    providerId: typeof message.providerId,
    enqueuedAt: message.enqueuedAt instanceof Date,
    attempt,
  };
}
