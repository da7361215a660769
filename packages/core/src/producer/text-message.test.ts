import { expect, test } from "vitest";
import { FakeProducerDriver } from "../../test/fake-adapter.ts";
import { producerBench, type ProducerBenchOptions } from "../../test/producer-bench.ts";
import type { OutgoingMessage } from "../driver/delivery.ts";
import { bytes, json, text } from "../message/codec.ts";
import { TextMessage } from "./text-message.ts";

class TextDriver extends FakeProducerDriver {
  readonly takesText = true;
  override sizeOf = ({ text: source, body }: OutgoingMessage): number => source?.length ?? body.byteLength;
}

async function sent(body: unknown, bench: ProducerBenchOptions = {}, options?: object): Promise<unknown> {
  const { producer, driver } = producerBench({ driver: new TextDriver(), ...bench });
  await producer.send(body, options);
  return driver.calls[0]?.[0];
}

const utf8 = (source: string): Uint8Array => new TextEncoder().encode(source);

test.each([
  ["JSON", { a: "é" }, json(), '{"a":"é"}'],
  ["text, with its byte order mark", "\uFEFFhello", text(), "\uFEFFhello"],
])(
  "a driver that takes text gets %s as text, and its bytes when it reads them",
  async (_, body, codec, source) => {
    const message = await sent(
      body,
      { details: { codec } },
      { id: "i", attributes: { t: "1" }, replyTo: "r" },
    );
    expect(message).toBeInstanceOf(TextMessage);
    expect(message).toMatchObject({
      id: "i",
      text: source,
      body: utf8(source),
      contentType: codec.contentType,
      attributes: { t: "1" },
      replyTo: "r",
    });
  },
);

test("the bytes are made once", async () => {
  const message = new TextMessage("i", "x", "text/plain", {});
  expect(message.body).toBe(message.body);
});

test("there is no text where the codec makes bytes, or a middleware looks at the body", async () => {
  const own = { contentType: "text/x", encode: (body: unknown) => utf8(String(body)), decode: () => "b" };
  expect(await sent(utf8("a"), { details: { codec: bytes() } })).not.toHaveProperty("text");
  expect(await sent("b", { details: { codec: own } })).not.toHaveProperty("text");
  const seen: unknown[] = [];
  const middleware = {
    name: "look",
    send: async (draft: { body: Uint8Array }, next: (draft: never) => Promise<unknown>): Promise<unknown> => {
      seen.push(draft.body);
      return await next(draft as never);
    },
  };
  expect(await sent({ a: 1 }, { setup: { middleware: [middleware] } })).not.toHaveProperty("text");
  expect(seen).toEqual([Buffer.from('{"a":1}')].map((buffer) => new Uint8Array(buffer)));
  expect(await sent({ a: 1 }, { driver: new FakeProducerDriver() })).not.toHaveProperty("text");
});

test("text is refused for what its bytes would be refused for", async () => {
  const { producer, driver } = producerBench({ driver: new TextDriver() });
  await expect(producer.send({ when: new Date(0) })).rejects.toMatchObject({ code: "INVALID_MESSAGE" });
  await expect(producer.send(undefined)).rejects.toMatchObject({ code: "INVALID_MESSAGE" });
  expect(driver.calls).toEqual([]);
});
