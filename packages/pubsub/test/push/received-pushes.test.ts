import { bytes, defineQueue, type Message } from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import fc from "fast-check";
import { assert, describe, expect, test } from "vitest";
import { pubsubEvents, pushRequests, type PubsubCloudEvent } from "../../src/push.ts";
import { pubsubEvent, pushRequest } from "../../src/testing.ts";
import { collecting, orders, TRUSTED, type Order } from "./push-bench.ts";
import { CLOUD_EVENT, UNWRAPPED_HEADERS, WRAPPED } from "./recorded-pushes.ts";

const TEXT = "Hello Cloud Pub/Sub! Here is my message!";
const raw = defineQueue<Uint8Array>("raw", { codec: bytes() });

function post(body: unknown, headers: Readonly<Record<string, string>> = {}): Request {
  const isBytes = body instanceof Uint8Array;
  return new Request("http://127.0.0.1/", {
    method: "POST",
    body: isBytes ? Buffer.from(body) : typeof body === "string" ? body : JSON.stringify(body),
    headers: isBytes ? headers : { "content-type": "application/json", ...headers },
  });
}

async function received(request: Request): Promise<Message<Uint8Array>> {
  const seen: Message<Uint8Array>[] = [];
  const push = createHandler(raw, pushRequests(TRUSTED), (message) => void seen.push(message));
  expect((await push(request)).status).toBe(204);
  const [message] = seen;
  assert(message !== undefined, "a message arrived");
  return message;
}

const EXPECTED = {
  id: "2070443601311540",
  providerId: "2070443601311540",
  attributes: { key: "value" },
  orderingKey: "key-7",
  enqueuedAt: new Date("2021-02-26T19:13:55.749Z"),
};

test.each([
  ["never ends its cancelling", async () => await new Promise<never>(() => {})],
  ["fails to cancel", () => Promise.reject(new Error("too late"))],
])("a body that is too long and %s is answered 413, and holds no place", async (_, cancel) => {
  const push = createHandler(
    raw,
    pushRequests({ trustPlatform: true, maxBodyBytes: 10, maxRequests: 1 }),
    () => {},
  );
  for (let time = 0; time < 2; time += 1) {
    const pull = (controller: ReadableStreamDefaultController): void =>
      controller.enqueue(Buffer.from("too long a body"));
    const body = new ReadableStream({ pull, cancel });
    const request = new Request("http://127.0.0.1/", { method: "POST", body, duplex: "half" });
    expect((await push(request)).status).toBe(413);
  }
});

describe("a body that a bridge ends like a whole one", () => {
  const unwrapped = { ...UNWRAPPED_HEADERS, "content-length": String(TEXT.length) };

  test("is not handled if less has come than was announced, and is when it comes whole", async () => {
    const seen: string[] = [];
    const refused = collecting("event-refused");
    const push = createHandler(
      raw,
      pushRequests(TRUSTED),
      ({ body }) => void seen.push(Buffer.from(body).toString()),
      { listener: refused.listener },
    );
    expect((await push(post(Buffer.from(TEXT.slice(0, 20)), unwrapped))).status).toBe(500);
    expect(refused.seen).toMatchObject([{ error: { code: "CONNECTION_LOST" } }]);
    expect((await push(post(Buffer.from(TEXT), unwrapped))).status).toBe(204);
    expect(seen).toEqual([TEXT]);
  });

  test("may be of any length where it was compressed on its way", async () => {
    const headers = { ...unwrapped, "content-encoding": "gzip", "content-length": "1000" };
    expect(Buffer.from((await received(post(Buffer.from(TEXT), headers))).body).toString()).toBe(TEXT);
  });
});

describe("a message of another sender comes with all that it carries", () => {
  test("in a wrapped push", async () => {
    const message = await received(post(WRAPPED));
    expect(message).toMatchObject({ ...EXPECTED, native: WRAPPED });
    expect(Buffer.from(message.body).toString()).toBe(TEXT);
  });

  test("in an unwrapped push, and nothing of what proxies wrote", async () => {
    const message = await received(post(Buffer.from(TEXT), UNWRAPPED_HEADERS));
    expect(message).toMatchObject(EXPECTED);
    expect(message.attributes).toEqual({ key: "value" });
    expect(Buffer.from(message.body).toString()).toBe(TEXT);
  });

  test("in an unwrapped push, also if it is a CloudEvent of somebody's own", async () => {
    const attributes = { "ce-type": "com.example.order", "ce-specversion": "1.0" };
    const message = await received(post(Buffer.from(TEXT), { ...UNWRAPPED_HEADERS, ...attributes }));
    expect(message.attributes).toEqual({ key: "value", ...attributes });
  });

  test("in a CloudEvent of a function", async () => {
    const seen: Message<Uint8Array>[] = [];
    const handler = createHandler(
      raw,
      pubsubEvents({ trustPlatform: true }),
      (message) => void seen.push(message),
    );
    await handler(CLOUD_EVENT);
    expect(seen).toMatchObject([{ ...EXPECTED, native: CLOUD_EVENT }]);
    expect(Buffer.from(seen[0]?.body ?? []).toString()).toBe(TEXT);
  });

  test("in a CloudEvent over HTTP, binary or structured", async () => {
    const { data, type, id, source } = CLOUD_EVENT;
    const binary = { "ce-type": type, "ce-id": id, "ce-source": source, "ce-specversion": "1.0" };
    expect(await received(post(data, binary))).toMatchObject(EXPECTED);
    expect(await received(post(CLOUD_EVENT))).toMatchObject(EXPECTED);
  });
});

test("what is built comes as it was sent, whatever bytes and attributes it has", async () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/).filter((text) => !/^aq-/i.test(text));
  const text = fc.string({ unit: "grapheme" }).filter((value) => value.isWellFormed());
  const property = fc.asyncProperty(
    fc.uint8Array({ maxLength: 200 }),
    fc.dictionary(name, text, { maxKeys: 14 }),
    async (body, attributes) => {
      const message = await received(pushRequest(raw, { body, attributes }));
      expect(Buffer.from(message.body)).toEqual(Buffer.from(body));
      expect({ ...message.attributes }).toEqual({ ...attributes });
    },
  );
  await fc.assert(property, { numRuns: 200 });
});

describe("a message that nobody can have sent so is the application's to decide on", () => {
  test.each([
    ["data that is no base64", { data: "{}" }],
    ["data cut short", { data: "QUJDR" }],
    ["data that is no text", { data: 5 }],
    ["attributes that are no texts", { attributes: { a: 1 } }],
    ["attributes that are a list", { attributes: ["a"] }],
  ])("%s", async (_what, message) => {
    const invalid: unknown[] = [];
    const push = createHandler(
      raw,
      pushRequests(TRUSTED),
      () => {
        throw new Error("it reached the handler");
      },
      { onInvalid: (_raw, error) => void invalid.push(error.code) },
    );
    const response = await push(post({ message: { messageId: "1", ...message } }));
    expect([response.status, invalid]).toEqual([204, ["INVALID_MESSAGE"]]);
  });

  test("a body that its schema or codec refuses fails, so that the subscription's policy moves it", async () => {
    const push = createHandler(orders, pushRequests(TRUSTED), () => {});
    const response = await push(
      post({ message: { messageId: "1", data: Buffer.from("no json").toString("base64") } }),
    );
    expect(response.status).toBe(500);
  });
});

describe("a request that is no push is answered 400, named and reported", () => {
  test.each<[string, Request, string]>([
    ["a GET", new Request("http://127.0.0.1/"), "got a GET request"],
    ["an empty body", post(""), "not JSON"],
    [
      "another body",
      post("a=b", { "content-type": "application/x-www-form-urlencoded" }),
      "x-www-form-urlencoded",
    ],
    ["data without metadata", post({ orderId: "o-1" }), "an object with orderId"],
    ["a forged line of a log", post({ "a\nlevel=info": 1 }), "an object with a%0Alevel=info"],
    ["an array", post([]), "an array"],
    ["null", post("null"), "null"],
    ["an event of SQS", post({ Records: [] }), "an event of AWS"],
    ["a message that is none", post({ message: "x" }), "an object with message"],
    ["a message without an id", post({ message: { data: "" } }), "no messageId"],
    [
      "another CloudEvent",
      post({}, { "ce-type": "google.cloud.storage.object.v1.finalized" }),
      "storage.object",
    ],
  ])("%s", async (_what, request, words) => {
    const { seen, listener } = collecting("event-refused");
    const response = await createHandler(orders, pushRequests(TRUSTED), () => {}, { listener })(request);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(words);
    expect(seen).toMatchObject([
      { target: "event:orders", error: { code: "INVALID_ARGUMENT", provider: "pubsub" } },
    ]);
  });
});

describe("a CloudEvent function", () => {
  const make = (
    work: (message: Message<Order>) => unknown,
    options = {},
  ): ReturnType<typeof createHandler<typeof orders, [PubsubCloudEvent], void>> =>
    createHandler(orders, pubsubEvents({ trustPlatform: true, ...options }), work);

  test("resolves when the message was handled, and again without its handler when it comes again", async () => {
    const seen: unknown[] = [];
    const handler = make(({ body }) => seen.push(body));
    const event = pubsubEvent(orders, { body: { orderId: "o-1" }, attributes: { tenant: "a" } });
    await Promise.all([handler(event), handler(event)]);
    expect(seen).toEqual([{ orderId: "o-1" }]);
  });

  test("rejects when its handler threw, with the reason", async () => {
    const handler = make(() => {
      throw new Error("down");
    });
    await expect(handler(pubsubEvent(orders, { body: { orderId: "o-1" } }))).rejects.toMatchObject({
      code: "UNAVAILABLE",
      cause: { message: "down" },
    });
  });

  test("rejects beyond its bound, and is free again afterwards", async () => {
    const gate = Promise.withResolvers<void>();
    const handler = make(async () => await gate.promise, { maxRequests: 1 });
    const held = handler(pubsubEvent(orders, { body: { orderId: "a" } }));
    await expect(handler(pubsubEvent(orders, { body: { orderId: "b" } }))).rejects.toMatchObject({
      code: "THROTTLED",
    });
    gate.resolve();
    await held;
    await handler(pubsubEvent(orders, { body: { orderId: "c" } }));
  });

  test.each<[string, unknown, string]>([
    ["nothing", undefined, "expected a CloudEvent, got undefined"],
    ["a push", WRAPPED, "expected a CloudEvent, got an object with deliveryAttempt"],
    ["an event of SQS", { Records: [] }, "an event of AWS"],
    ["another type", { type: "google.cloud.storage.object.v1.finalized", data: {} }, "storage.object"],
    ["no data", { type: CLOUD_EVENT.type }, "in the CloudEvent's data, got undefined"],
    ["data that was not parsed", { type: CLOUD_EVENT.type, data: Buffer.from("{}") }, "got bytes"],
  ])("refuses %s by name", async (_what, event, words) => {
    await expect(make(() => {})(event as PubsubCloudEvent)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(words),
    });
  });
});
