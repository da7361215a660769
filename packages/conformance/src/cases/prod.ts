import assert from "node:assert/strict";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { numbers } from "../recorder.ts";
import { rejection } from "../rejection.ts";
import { assertIdentity } from "../identity.ts";

/** Producing. */
export const PROD: readonly ConformanceCase[] = caseGroup("PROD", [
  {
    id: "PROD-01",
    title: "one accepted message has a provider id and arrives once",
    rule: "D5",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      const [sent] = await bench.settled("the send is confirmed", queue.send());
      assert.ok(
        sent !== undefined && sent.providerId.length > 0,
        "the receipt has a providerId that is not empty",
      );
      await bench.until("the message arrives", () => recorder.succeeded === 1);
      await bench.advance(2 * bench.leaseMs);
      recorder.assertSeqs([0]);
      assertIdentity(sent, recorder.deliveries[0]?.message);
    },
  },
  {
    id: "PROD-02",
    title: "of 100 messages each arrives once",
    rule: "D2",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const recorder = bench.recorder();
      await bench.settled("the sends are confirmed", queue.send(100));
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("all arrive", () => recorder.succeeded >= 100);
      await bench.advance(2 * bench.leaseMs);
      recorder.assertSeqs(numbers(100));
    },
  },
  {
    id: "PROD-03",
    title: "an empty body arrives empty",
    rule: "D10",
    level: "driver",
    needs: ["base"],
    async run(bench) {
      const driver = bench.driver(await bench.queue());
      await driver.sendAll(driver.message({ body: new Uint8Array(0) }));
      const [delivery] = await driver.receive(await driver.consumer(), 1);
      assert.equal(delivery?.body.byteLength, 0, "bytes of a body that was sent empty");
    },
  },
  {
    id: "PROD-04",
    title: "32 senders on one producer get each its own result",
    rule: "D2",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const producer = queue.producer();
      const senders = numbers(32).map(async (sender) => {
        for (const turn of numbers(4)) {
          const id = `${queue.name}-${sender}-${turn}`;
          const sent = await producer.send(queue.body(sender * 4 + turn), { id });
          assert.equal(sent.id, id, "the id of the sender's own message");
        }
      });
      await bench.settled("all sends are confirmed", Promise.all(senders));
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("all arrive", () => recorder.succeeded >= 128);
      recorder.assertSeqs(numbers(128));
      assert.equal(
        new Set(recorder.deliveries.map(({ message }) => message.providerId)).size,
        128,
        "different provider ids among the deliveries of 128 sends",
      );
    },
  },
  {
    id: "PROD-05",
    title: "a send resolves only after the provider's confirmation",
    rule: "D2",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const hold = bench.plan.hold("send", { when: "after" });
      let isSettled = false;
      const sending = queue.send().finally(() => {
        isSettled = true;
      });
      await bench.until("the request is out", () => hold.reached === 1);
      await bench.advance(1_000);
      assert.equal(
        isSettled,
        false,
        "the send resolved before the provider confirmed it; a crash of the service would lose it unnoticed",
      );
      hold.release();
      await bench.settled("the send is confirmed", sending);
    },
  },
  {
    id: "PROD-06",
    title: "an abort before dispatch sends nothing, one during flight is ambiguous",
    rule: "D2",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const early = await rejection(
        queue.producer().send(queue.next(), { signal: AbortSignal.abort(new Error("too late")) }),
        "CANCELLED",
      );
      assert.equal(
        early.ambiguous,
        false,
        "the error of a send that was aborted before it left is not ambiguous: nothing was sent",
      );
      assert.equal(bench.plan.count("send"), 0, "send requests of a message that was aborted before it left");
      const controller = new AbortController();
      const hold = bench.plan.hold("send", { when: "after" });
      const sending = queue.producer().send(queue.next(), { signal: controller.signal });
      sending.catch(() => undefined);
      await bench.until("the request is out", () => hold.reached === 1);
      controller.abort(new Error("changed my mind"));
      const late = await rejection(bench.settled("the send ends", sending), "CANCELLED");
      assert.equal(
        late.ambiguous,
        true,
        "the error of a send that was aborted on its way is ambiguous: the message may have arrived",
      );
    },
  },
  {
    id: "PROD-07",
    title: "an illegal message is refused before any I/O and the field is named",
    rule: "D4",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const illegal = [
        { options: { id: "" }, field: /\bid\b/ },
        { options: { id: "x".repeat(129) }, field: /\bid\b/ },
        { options: { attributes: { "aq-forged": "1" } }, field: /aq-forged/ },
        { options: { attributes: { "": "1" } }, field: /attribute/ },
        { options: { attributes: { broken: "\uD800" } }, field: /broken/ },
      ];
      for (const { options, field } of illegal) {
        const error = await rejection(queue.producer().send(queue.next(), options), "INVALID_ARGUMENT");
        assert.match(error.message, field, "the refusal names the field that is wrong");
      }
      assert.equal(
        bench.plan.count("send"),
        0,
        "send requests before an illegal message was refused: it must be found before any I/O",
      );
    },
  },
  {
    id: "PROD-08",
    title: "a send after close is refused, closing twice is harmless",
    rule: "D8",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      const producer = queue.producer();
      await bench.settled("the send is confirmed", queue.send());
      await bench.settled("it closes", queue.client.close());
      await bench.settled("it closes again", queue.client.close());
      await rejection(producer.send(queue.next()), "CLOSED");
      assert.equal(
        bench.plan.count("send"),
        1,
        "send requests: only that of the message sent before the close",
      );
    },
  },
  {
    id: "PROD-09",
    title: "what the caller changes after send has no effect, and nothing of the caller's is changed",
    rule: "D2",
    level: "portable",
    needs: ["headers"],
    async run(bench) {
      const queue = await bench.queue();
      const hold = bench.plan.hold("send");
      const first = queue.send();
      await bench.until("a request is out", () => hold.reached === 1);
      const body = { ...queue.next({ text: "as sent" }) };
      const attributes: Record<string, string> = { tenant: "as sent" };
      const before = JSON.stringify({ body, attributes });
      const second = queue.producer().send(body, { attributes });
      assert.equal(
        JSON.stringify({ body, attributes }),
        before,
        "body and attributes of the caller are as they were before the send",
      );
      Object.assign(body, { text: "changed" });
      attributes["tenant"] = "changed";
      attributes["extra"] = "changed";
      hold.release();
      await bench.settled("both are confirmed", Promise.all([first, second]));
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("both arrive", () => recorder.succeeded === 2);
      const [delivered] = recorder.runsOf(1);
      assert.equal(
        delivered?.message.body.text,
        "as sent",
        "the body arrives as it was when send was called, not as it was changed later",
      );
      assert.deepEqual(
        { ...delivered?.message.attributes },
        { tenant: "as sent" },
        "the attributes arrive as they were when send was called, not as they were changed later",
      );
    },
  },
  {
    id: "PROD-10",
    title: "an id that the caller gave is kept beside the provider's own",
    rule: "D5",
    level: "portable",
    needs: ["headers"],
    async run(bench) {
      const queue = await bench.queue();
      const id = `${queue.name}-order-17`;
      const [sent] = await bench.settled("the send is confirmed", queue.send(1, { id }));
      const [message] = await bench.settled("it arrives", queue.consumer().receive({ wait: "1m" }));
      assert.equal(sent?.id, id, "the receipt has the id that the caller gave");
      assert.equal(message?.id, id, "the delivery has the id that the caller gave");
      assertIdentity(sent, message);
      assert.notEqual(
        message.providerId,
        id,
        "the provider's own id is another than the caller's: the core tells messages apart by it",
      );
      await bench.settled("the ack is confirmed", message.ack());
    },
  },
  {
    id: "PROD-11",
    title: "an expired message is not delivered, a younger one is",
    rule: "D4",
    level: "portable",
    needs: ["ttl"],
    async run(bench) {
      const queue = await bench.queue({ needs: ["ttl"] });
      await bench.settled(
        "the sends are confirmed",
        Promise.all([queue.send(1, { ttl: "10s" }), queue.send(1, { ttl: "10m" })]),
      );
      await bench.advance(11_000);
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until("the younger arrives", () => recorder.succeeded === 1);
      await bench.advance(bench.leaseMs);
      recorder.assertSeqs([1]);
    },
  },
  {
    id: "PROD-12",
    title: "a consumer on the vendor's SDK reads our body and attributes",
    rule: "D10",
    level: "portable",
    needs: ["headers"],
    hooks: ["foreign"],
    async run(bench) {
      const queue = await bench.queue();
      await bench.settled("the send is confirmed", queue.send(1, { attributes: { tenant: "Zoë" } }));
      const received = await bench.backend.foreign?.receive(queue.entity, 1);
      const message = received?.[0];
      assert.ok(message !== undefined, "the vendor's SDK receives the message that we sent");
      assert.deepEqual(
        JSON.parse(new TextDecoder().decode(message.body)),
        queue.body(0),
        "the vendor's SDK sees our body unchanged, without an envelope",
      );
      assert.equal(
        message.attributes["tenant"],
        "Zoë",
        "the vendor's SDK sees our attribute under its own name",
      );
    },
  },
]);
