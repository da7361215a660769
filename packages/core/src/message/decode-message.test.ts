import { type } from "arktype";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import * as v from "valibot";
import { isQueueError, type QueueError } from "../errors/queue-error.ts";
import { delivery } from "../testing.ts";
import { bytes, text } from "./codec.ts";
import { decodeDelivery, rawMessage } from "./decode-message.ts";
import { deadLetters, defineQueue, detailsOf, unchecked } from "./queue-definition.ts";
import type { StandardSchemaV1 } from "./standard-schema.ts";

const body = (value: string): Uint8Array => new TextEncoder().encode(value);
const Order = z.object({ orderId: z.string(), at: z.coerce.date(), note: z.string().default("none") });
const orders = detailsOf(defineQueue("orders", { schema: Order }));

async function refusal(act: () => unknown): Promise<QueueError> {
  try {
    await act();
  } catch (error) {
    if (isQueueError(error, "INVALID_MESSAGE")) return error;
    throw error;
  }
  throw new Error("the message was accepted");
}

test("the handler gets the schema's output, synchronously", () => {
  const message = decodeDelivery(
    orders,
    delivery("h", { body: body('{"orderId":"o-1","at":"2026-01-02T03:04:05.000Z"}') }),
  );
  expect(message).toMatchObject({
    body: { orderId: "o-1", at: new Date("2026-01-02T03:04:05.000Z"), note: "none" },
  });
});

test("an asynchronous schema gives a promise", async () => {
  const schema = z.object({ id: z.string().refine(async (id) => id !== "taken") });
  const details = detailsOf(defineQueue("names", { schema }));
  const good = decodeDelivery(details, delivery("h", { body: body('{"id":"free"}') }));
  expect(good).toBeInstanceOf(Promise);
  expect((await good).body).toEqual({ id: "free" });
  const error = await refusal(() => decodeDelivery(details, delivery("h", { body: body('{"id":"taken"}') })));
  expect(error.message).toContain("id");
});

test("a codec that decodes asynchronously is refused, and its rejection ends nothing", async () => {
  const decode = async (): Promise<never> => await Promise.reject(new Error("unheard"));
  const codec = { contentType: "x/y", encode: () => body(""), decode };
  const error = await refusal(() =>
    decodeDelivery(detailsOf(defineQueue("q", { codec })), delivery("h", { contentType: "x/y" })),
  );
  expect(error.message).toContain("the codec x/y gave a promise, it must decode synchronously");
});

test("all that the delivery carries is on the message, the core's own attributes are not", () => {
  const native = { MessageId: "p-1" };
  const message = rawMessage(
    delivery("h", {
      id: "m-1",
      providerId: "p-1",
      attributes: { tenant: "a", "aq-due": "1" },
      attributeTypes: { tenant: "String" },
      orderingKey: "k",
      correlationId: "c",
      replyTo: "r",
      enqueuedAtMs: 1_000,
      native,
    }),
  );
  expect(message).toEqual({
    id: "m-1",
    providerId: "p-1",
    body: body("{}"),
    contentType: "application/json",
    attributes: { tenant: "a" },
    attributeTypes: { tenant: "String" },
    orderingKey: "k",
    correlationId: "c",
    replyTo: "r",
    enqueuedAt: new Date(1_000),
    native,
  });
});

test("what the delivery lacks is absent, not undefined", () => {
  const message = rawMessage({
    handle: "h",
    id: "1",
    providerId: "2",
    body: body(""),
    attributes: {},
    native: 0,
  });
  expect(Object.keys(message).toSorted()).toEqual(["attributes", "body", "id", "native", "providerId"]);
});

/** What a sender may hope to find in a log. */
const HOSTILE = `a\nlevel=info \u001B[2J${"x".repeat(5_000)}`;

describe("a message that cannot be handled is INVALID_MESSAGE", () => {
  test("with every path, what is there, and no value", async () => {
    const schema = z.object({ a: z.object({ b: z.array(z.number()) }), c: z.string(), d: z.string() });
    const details = detailsOf(defineQueue("deep", { schema }));
    const error = await refusal(() =>
      decodeDelivery(details, delivery("h", { body: body('{"a":{"b":[1,"s3cret"]},"c":null}') })),
    );
    expect(error.message).toContain("a.b.1 is invalid (string)");
    expect(error.message).toContain("c is invalid (null)");
    expect(error.message).toContain("d is missing");
    expect(error.message).not.toContain("s3cret");
  });

  test("also where the library's own sentence prints the value", async () => {
    const details = detailsOf(defineQueue("valibot", { schema: v.object({ n: v.number() }) }));
    const error = await refusal(() =>
      decodeDelivery(details, delivery("h", { body: body('{"n":"s3cret"}') })),
    );
    expect(error.message).toContain("n is invalid (string)");
    expect(error.message).not.toContain("s3cret");
  });

  test("and the root and the eleventh issue are counted", async () => {
    const schema = z.array(z.number());
    const details = detailsOf(defineQueue("many", { schema }));
    const many = await refusal(() =>
      decodeDelivery(details, delivery("h", { body: body(JSON.stringify(Array(12).fill("x"))) })),
    );
    expect(many.message).toContain("and 2 more");
    const root = await refusal(() => decodeDelivery(details, delivery("h", { body: body("7") })));
    expect(root.message).toContain("the body is invalid (number)");
  });

  test("also where the path is an array of the library's own, which map() would copy wrongly", async () => {
    const details = detailsOf(defineQueue("ark", { schema: type({ n: "number" }) }));
    const root = await refusal(() => decodeDelivery(details, delivery("h", { body: body("7") })));
    expect(root.message).toContain("the body is invalid (number)");
  });

  test.each([
    ["malformed", { malformed: "bad base64" }, "bad base64"],
    ["unknown content type", { contentType: "application/xml" }, "application/xml"],
    ["not JSON", { body: body("{") }, "not JSON"],
    ["no UTF-8", { body: new Uint8Array([0xff]) }, "UTF-8"],
  ])("if it is %s", async (_, over, text) => {
    const error = await refusal(() => decodeDelivery(orders, delivery("h", over)));
    expect(error.message).toContain(text);
  });

  test.each([
    ["what an adapter says of it", { malformed: `bad ${HOSTILE}` }],
    ["the names of its members", { body: body(JSON.stringify({ [HOSTILE]: "x" })) }],
  ])("in one short line, whatever is in %s: a log's next line must not be a sender's", async (_, over) => {
    const counts = detailsOf(defineQueue("counts", { schema: z.record(z.string(), z.number()) }));
    const { message } = await refusal(() => decodeDelivery(counts, delivery("h", over)));
    expect(message).toContain("%0Alevel=info %1B[2J");
    // oxlint-disable-next-line no-control-regex -- the characters in question
    expect(message).not.toMatch(/[\0-\u001F]/);
    expect(message.length).toBeLessThan(1_000);
  });

  test("if a codec or a schema throws something of its own", async () => {
    const broken = () => {
      throw new TypeError("broken");
    };
    const codec = { contentType: "application/x-own", encode: () => new Uint8Array(), decode: broken };
    const coded = detailsOf(defineQueue("own", { codec }));
    const first = await refusal(() =>
      decodeDelivery(coded, delivery("h", { contentType: "application/x-own" })),
    );
    expect(first.cause).toBeInstanceOf(TypeError);

    for (const validate of [broken, async () => broken()]) {
      const schema: StandardSchemaV1 = { "~standard": { version: 1, vendor: "own", validate } };
      const details = detailsOf(defineQueue("schema", { schema }));
      const error = await refusal(() => decodeDelivery(details, delivery("h")));
      expect(error.cause).toBeInstanceOf(TypeError);
    }
  });
});

test("a foreign message without content type is read by the definition's codec", () => {
  const details = detailsOf(defineQueue("texts", { codec: text() }));
  const { contentType: _, ...foreign } = delivery("h", { body: body("plain") });
  expect(decodeDelivery(details, foreign)).toMatchObject({ body: "plain" });
});

test("unchecked() checks nothing and bytes() takes every body", () => {
  const typed = detailsOf(defineQueue("typed", { schema: unchecked<{ k: string }>() }));
  expect(decodeDelivery(typed, delivery("h", { body: body('{"k":7}') }))).toMatchObject({ body: { k: 7 } });
  const raw = detailsOf(defineQueue("raw", { codec: bytes() }));
  expect(decodeDelivery(raw, delivery("h", { body: body("{") }))).toMatchObject({ body: body("{") });
});

describe("a dead letter", () => {
  const dead = detailsOf(deadLetters(defineQueue("orders", { schema: Order })));

  test("has its bytes as body, even if they are malformed", () => {
    const message = decodeDelivery(
      dead,
      delivery("h", { body: body("{"), contentType: "x/y", malformed: "yes" }),
    );
    expect(message).toMatchObject({ body: body("{") });
  });

  test("says why, from where and when: the core's record first, then the service's", () => {
    const attributes = {
      tenant: "a",
      "aq-dead-reason": "attempts spent",
      "aq-dead-description": "Error: down",
      "aq-dead-attempts": "5",
      "aq-dead-first": "1000",
      "aq-dead-last": "2026-01-02T03:04:05.000Z",
    };
    const native = { reason: "MaxDeliveryCountExceeded", source: "orders" };
    expect(rawMessage(delivery("h", { attributes, deadLetter: native }))).toMatchObject({
      attributes: { tenant: "a" },
      deadLettered: {
        reason: "attempts spent",
        description: "Error: down",
        source: "orders",
        attempts: 5,
        firstEnqueuedAt: new Date(1_000),
        deadLetteredAt: new Date("2026-01-02T03:04:05.000Z"),
      },
    });
  });

  test("has no invented fields where nothing usable is known", () => {
    const attributes = { "aq-dead-reason": "r", "aq-dead-attempts": "many", "aq-dead-first": "once" };
    expect(rawMessage(delivery("h", { attributes })).deadLettered).toEqual({ reason: "r" });
    expect(rawMessage(delivery("h")).deadLettered).toBeUndefined();
    expect(rawMessage(delivery("h", { deadLetter: {} })).deadLettered).toEqual({});
  });
});

describe("a body that came as text", () => {
  const asText = (source: string): Parameters<typeof decodeDelivery>[1] =>
    Object.defineProperty(delivery("h", { contentType: "", text: source }), "body", {
      get: () => expect.fail("bytes were made of it"),
    });

  test.each([
    ["JSON", defineQueue("q"), '{"a":[1,"é"]}', { a: [1, "é"] }],
    ["JSON behind a byte order mark", defineQueue("q"), "\uFEFF1", 1],
    ["text", defineQueue<string>("q", { codec: text() }), "\uFEFFé", "\uFEFFé"],
  ])("is read as %s without its bytes", (_, queue, source, value) => {
    expect(decodeDelivery(detailsOf(queue), asText(source))).toMatchObject({ body: value });
  });

  test.each(["{é", '{"__proto__":1}'])("is refused as its bytes would be: %s", async (source) => {
    const details = detailsOf(defineQueue("q"));
    const ofText = await refusal(() => decodeDelivery(details, asText(source)));
    const ofBytes = await refusal(() => decodeDelivery(details, delivery("h", { body: body(source) })));
    expect(ofText.message).toBe(ofBytes.message);
    expect(ofText.cause).toBeUndefined();
  });

  test("is given to every other codec as bytes", () => {
    const own = {
      contentType: "x/y",
      encode: () => body(""),
      decode: (given: Uint8Array) => given.byteLength,
    };
    const came = delivery("h", { contentType: "", text: "é", body: body("é") });
    expect(decodeDelivery(detailsOf(defineQueue("q", { codec: own })), came)).toMatchObject({ body: 2 });
    const asBytes = detailsOf(defineQueue<Uint8Array>("q", { codec: bytes() }));
    expect(decodeDelivery(asBytes, came)).toMatchObject({ body: body("é") });
  });
});
