import assert from "node:assert/strict";
import { caseGroup, type ConformanceCase } from "../case.ts";
import { numbers } from "../recorder.ts";
import { rejection } from "../rejection.ts";

const ENVELOPES = [
  '{"Type":"Notification","MessageId":"1","TopicArn":"arn:aws:sns:x","Message":"inner"}',
  "aGVsbG8gd29ybGQ=",
  '"a json string"',
  "null",
  "<xml>&amp;</xml>",
];

/** Bodies on the wire. */
export const HDRS_BODY: readonly ConformanceCase[] = caseGroup("HDRS", [
  {
    id: "HDRS-06",
    title: "a body of any bytes arrives byte by byte",
    rule: "D10",
    level: "driver",
    needs: ["binaryBody"],
    async run(bench) {
      const driver = bench.driver(await bench.queue());
      const bodies = [
        Uint8Array.from(numbers(256)),
        Uint8Array.of(0),
        Uint8Array.of(0xff, 0xfe, 0xfd),
        new TextEncoder().encode("a\u0000b\u0008c\uFFFF"),
        new TextEncoder().encode("Grüße 🌍\r\n"),
      ];
      const messages = bodies.map((body) =>
        driver.message({ body, contentType: "application/octet-stream" }),
      );
      await driver.sendAll(...messages);
      const deliveries = await driver.receive(await driver.consumer(), bodies.length);
      for (const [index, message] of messages.entries()) {
        const delivery = deliveries.find(({ id }) => id === message.id);
        assert.deepEqual([...(delivery?.body ?? [])], [...message.body], `body ${index}`);
        if (delivery?.text === undefined) continue;
        assert.deepEqual([...new TextEncoder().encode(delivery.text)], [...message.body], `text ${index}`);
      }
    },
  },
  {
    id: "HDRS-08",
    title: "the content type arrives as it was",
    rule: "D10",
    level: "driver",
    needs: ["headers"],
    async run(bench) {
      const driver = bench.driver(await bench.queue());
      const types = [
        "text/csv; charset=utf-8",
        "application/json",
        "application/octet-stream",
        'x/y; a="b c"',
      ];
      const messages = types.map((contentType) => driver.message({ contentType }));
      await driver.sendAll(...messages);
      const deliveries = await driver.receive(await driver.consumer(), types.length);
      for (const message of messages) {
        assert.equal(
          deliveries.find(({ id }) => id === message.id)?.contentType,
          message.contentType,
          "the content type arrives as it was sent; the core chooses the decoder by it",
        );
      }
    },
  },
  {
    id: "HDRS-10",
    title: "a body that looks like somebody's envelope is left alone",
    rule: "D10",
    level: "driver",
    needs: ["base"],
    async run(bench) {
      const driver = bench.driver(await bench.queue());
      const messages = ENVELOPES.map((text) => driver.message({ text }));
      await driver.sendAll(...messages);
      const deliveries = await driver.receive(await driver.consumer(), ENVELOPES.length);
      for (const [index, message] of messages.entries()) {
        const delivery = deliveries.find(({ id }) => id === message.id);
        assert.equal(
          new TextDecoder().decode(delivery?.body),
          ENVELOPES[index],
          "the body arrives byte for byte, although it looks like an envelope",
        );
        assert.equal(
          delivery?.text ?? ENVELOPES[index],
          ENVELOPES[index],
          "the delivery's text, where the driver gives one, is the body's text",
        );
      }
    },
  },
  {
    id: "HDRS-11",
    title: "values that JSON would change are refused at the sender, and a prototype is never polluted",
    rule: "D4",
    level: "portable",
    needs: ["base"],
    async run(bench) {
      const queue = await bench.queue();
      for (const [index, extra] of [10n, new Date(0), Number.NaN, new Map([["a", 1]])].entries()) {
        // Adapters check the first body of a definition, so each body has its own definition.
        const own = bench.redefine(queue, {});
        const body = { ...own.body(index), extra };
        await rejection(own.producer().send(body), "INVALID_MESSAGE");
      }
      assert.equal(
        bench.plan.count("send"),
        0,
        "send requests before a value that JSON would change was refused",
      );
      const polluting = '{"__proto__":{"polluted":true}}';
      const driver = bench.driver(queue);
      const text = JSON.stringify(queue.body(9)).replace(
        "{",
        `{"extra":${polluting},"__proto__":{"polluted":true},`,
      );
      await driver.sendAll(driver.message({ text, contentType: "application/json" }));
      const recorder = bench.recorder();
      void bench.start(queue.consumer(), recorder.handler());
      await bench.until(
        "it is handled or dead",
        () => recorder.succeeded === 1 || bench.reported("dead-lettered").length === 1,
      );
      assert.equal(
        Reflect.get({}, "polluted"),
        undefined,
        "Object.prototype was changed by a body that was decoded",
      );
      const body = recorder.deliveries[0]?.message.body;
      if (body !== undefined)
        assert.equal(
          Reflect.get(body, "polluted"),
          undefined,
          "the prototype of the body was changed by a member of it",
        );
    },
  },
]);
