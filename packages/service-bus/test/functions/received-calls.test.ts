import { bytes, defineQueue, unchecked, type HandlerContext, type Message } from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { functionsEvents } from "../../src/azure-functions.ts";
import { functionsInvocation } from "../../src/testing.ts";

const orders = defineQueue("orders", { retry: { attempts: 3, delay: "0s" } });
const FOREIGN = {
  messageId: "m-1",
  sequenceNumber: 7,
  deliveryCount: 2,
  lockToken: "5a2ff7a5-8b7a-4d2f-9a4a-6d3f0f4c2b11",
  enqueuedTimeUtc: "2026-11-29T08:00:00Z",
};

interface Seen {
  readonly message: Message<unknown>;
  readonly attempt: number;
}

async function received(...args: readonly [unknown, unknown]): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  const onMessage = (message: Message<unknown>, { attempt }: HandlerContext): void => {
    seen.push({ message, attempt });
  };
  const handler = createHandler(orders, functionsEvents(), onMessage, { onInvalid: () => "dead-letter" });
  await handler(args[0], args[1] as never).catch(() => undefined);
  return seen;
}

async function bodyOf(body: unknown, metadata: object = {}): Promise<unknown> {
  const seen = await received(body, { triggerMetadata: { ...FOREIGN, ...metadata } });
  return seen.length === 0 ? "undecodable" : seen[0]?.message.body;
}

describe("a message of the default binding", () => {
  test("comes with all that the host tells of it", async () => {
    const metadata = {
      ...FOREIGN,
      correlationId: "c-1",
      replyTo: "answers",
      contentType: "application/json",
      expiresAtUtc: "2026-11-29T08:10:00Z",
      applicationProperties: { tenant: "a", weight: 12.5, express: true, nothing: null },
    };
    const [seen] = await received({ orderId: "o-1" }, { triggerMetadata: metadata });
    expect(seen?.attempt).toBe(2);
    expect(seen?.message).toMatchObject({
      id: "m-1",
      providerId: "7",
      body: { orderId: "o-1" },
      contentType: "application/json",
      attributes: { tenant: "a", weight: "12.5", express: "true", nothing: "" },
      attributeTypes: { weight: "number", express: "boolean", nothing: "null" },
      correlationId: "c-1",
      replyTo: "answers",
      enqueuedAt: new Date("2026-11-29T08:00:00Z"),
    });
    expect(seen?.message.native).toMatchObject({ message: { orderId: "o-1" } });
  });

  test.each([
    ["what JSON made of it", { a: 1 }, {}, { a: 1 }],
    ["a number", 42, {}, 42],
    ["a list, which is no list of messages", [1, 2], {}, [1, 2]],
    ["a text that was JSON", "hello", { contentType: "application/json" }, "hello"],
    ["a text with JSON in it", '{"a":1}', { contentType: "application/json" }, '{"a":1}'],
    ["bytes", Buffer.from('{"a":1}'), {}, { a: 1 }],
    ["bytes of another kind", new Uint8Array(Buffer.from("1")), {}, 1],
    ["torn JSON", '{"a":', { contentType: "application/json" }, "undecodable"],
    ["no JSON", "hello", {}, "undecodable"],
    ["nothing", undefined, {}, "undecodable"],
  ])("has as its body %s", async (_what, body, metadata, expected) => {
    expect(await bodyOf(body, metadata)).toEqual(expected);
  });

  test.each([
    ["with a binary content type", "AAEC", "application/octet-stream"],
    ["with a content type of its own and bytes that are no text", "\uFFFD\uFFFD", "image/png"],
  ])("is refused if its bytes came as text: %s", async (_what, body, contentType) => {
    const handler = createHandler(defineQueue("b", { codec: bytes() }), functionsEvents(), () => {});
    const call = handler(body, { triggerMetadata: { ...FOREIGN, contentType } });
    await expect(call).rejects.toMatchObject({ code: "INVALID_ARGUMENT", provider: "service-bus" });
    await expect(call).rejects.toThrow('dataType: "binary"');
  });

  test("of a dead-letter queue has its reason, in the spelling that is left of it", async () => {
    const metadata = {
      ...FOREIGN,
      deadLetterSource: "orders",
      applicationProperties: {
        deadLetterReason: "too late",
        deadLetterErrorDescription: "by a day",
        tenant: "a",
      },
    };
    const [seen] = await received({}, { triggerMetadata: metadata });
    expect(seen?.message.attributes).toEqual({ tenant: "a" });
    expect(seen?.message.deadLettered).toMatchObject({
      reason: "too late",
      description: "by a day",
      source: "orders",
    });
  });

  test("without any metadata is a first attempt, and no two are taken for one", async () => {
    const [seen] = await received({ a: 1 }, {});
    const [again] = await received({ a: 1 }, {});
    expect(seen?.attempt).toBe(1);
    expect(seen?.message.id).not.toBe(again?.message.id);
  });
});

describe("messages of one call", () => {
  test("with one id are messages of their own; one stored message is handled once", async () => {
    const messages = [
      { body: "a", id: "same" },
      { body: "b", id: "same" },
      { body: "c", sequenceNumber: 1 },
    ];
    const seen = await received(...functionsInvocation(orders, messages).args);
    expect(seen.map(({ message }) => message.body)).toEqual(["c", "b"]);
  });

  test("are refused if the host left out bodies, for nobody knows which", async () => {
    const { args } = functionsInvocation(orders, [{ body: 1 }, { body: 2 }, { body: 3 }]);
    const handler = createHandler(orders, functionsEvents(), () => {});
    await expect(handler([1, 2], args[1])).rejects.toThrow("2 bodies for 3 messages");
  });

  test.each(["default", "sdk"] as const)(
    "come as they were sent through the %s binding, whatever bytes and attributes they have",
    async (binding) => {
      const name = fc
        .stringMatching(/^[a-z0-9_-][A-Za-z0-9_-]{0,11}$/)
        .filter((text) => !text.startsWith("aq-"));
      const text = fc.string({ unit: "grapheme" }).filter((value) => value.isWellFormed());
      const binary = defineQueue<Uint8Array>("binary", { codec: bytes() });
      const property = fc.asyncProperty(
        fc.uint8Array({ maxLength: 100 }),
        fc.dictionary(name, text, { maxKeys: 6 }),
        fc.constantFrom("one", "many"),
        async (body, attributes, cardinality) => {
          const seen: Message<Uint8Array>[] = [];
          const handler = createHandler(binary, functionsEvents(), (message) => void seen.push(message));
          const options = { binding, cardinality, dataType: "binary" } as const;
          await handler(...functionsInvocation(binary, [{ body, attributes }], options).args);
          expect(Buffer.from(seen[0]?.body ?? [])).toEqual(Buffer.from(body));
          expect({ ...seen[0]?.attributes }).toEqual({ ...attributes });
        },
      );
      await fc.assert(property, { numRuns: 100 });
    },
  );
});

describe("a message of the SDK binding", () => {
  const SEQUENCE = Buffer.from("7000000000000007", "hex");
  const message = {
    messageId: "m-1",
    body: "text of the preview",
    contentType: "image/png",
    deliveryCount: 4,
    lockToken: FOREIGN.lockToken,
    applicationProperties: { Tenant: "a" },
    sequenceNumber: { toString: () => "0" },
    _rawAmqpMessage: {
      body: { typecode: 0x75, content: [Buffer.of(0, 255), Buffer.of(1)] },
      messageAnnotations: { "x-opt-sequence-number": SEQUENCE, "x-opt-enqueued-time": new Date(0) },
    },
  };
  const actions = { complete: async () => {}, abandon: async () => {}, deadletter: async () => {} };
  const binary = defineQueue<Uint8Array>("orders", { codec: bytes() });

  async function seenOf(
    messages: unknown,
    context: object,
  ): Promise<readonly (Message<Uint8Array> & Seen)[]> {
    const seen: (Message<Uint8Array> & Seen)[] = [];
    const handler = createHandler(binary, functionsEvents(), (each, { attempt }) => {
      seen.push({ ...each, message: each, attempt });
    });
    await handler({ messages, actions }, context);
    return seen;
  }

  test("has its bytes, its number and its time, which the preview loses", async () => {
    const [seen] = await seenOf(message, {});
    expect(Buffer.from(seen?.body ?? [])).toEqual(Buffer.of(0, 255, 1));
    expect(seen).toMatchObject({
      providerId: "8070450532247928839",
      enqueuedAt: new Date(0),
      attributes: { Tenant: "a" },
      attempt: 4,
    });
  });

  test("of other senders has every property as a text, bytes and times too", async () => {
    const applicationProperties = {
      digest: Buffer.of(0, 255),
      due: new Date("2026-11-29T08:00:00Z"),
      weight: 12.5,
      nothing: null,
    };
    const [seen] = await seenOf({ ...message, applicationProperties }, {});
    expect({ ...seen?.attributes }).toEqual({
      digest: "AP8=",
      due: expect.any(String),
      weight: "12.5",
      nothing: "",
    });
  });

  test.each([["2026-11-29T08:00:00Z"], [new Date(Number.NaN)], [null]])(
    "with a time that is none (%s) has no time, and is handled",
    async (enqueuedTimeUtc) => {
      const [seen] = await seenOf({ ...message, enqueuedTimeUtc, _rawAmqpMessage: {} }, {});
      expect(seen?.id).toBe(FOREIGN.messageId);
      expect(seen?.enqueuedAt).toBeUndefined();
    },
  );

  test("is counted as the host's metadata say", async () => {
    const [seen] = await seenOf(message, { triggerMetadata: { DeliveryCount: 2 } });
    expect(seen?.attempt).toBe(2);
  });

  test("without a number that can be trusted is like no other", async () => {
    const unknown = { ...message, _rawAmqpMessage: {} };
    const both = await seenOf([unknown, { ...unknown, lockToken: "another" }], {});
    expect(both.map(({ providerId }) => providerId)).toEqual([`lock:${FOREIGN.lockToken}`, "lock:another"]);
  });
});

describe("a call of another kind is refused by name, so that nothing is completed", () => {
  const handler = createHandler(orders, functionsEvents(), () => {});
  const trigger = (type: string): object => ({ options: { trigger: { type } }, triggerMetadata: FOREIGN });

  test.each([
    ["no context", ["body"], "a string"],
    ["an event of Lambda", [{ Records: [] }, undefined], "AWS Lambda"],
    ["an HTTP request", [{ headers: {} }, undefined], "an HTTP request"],
    ["a CloudEvent", [{ specversion: "1.0" }, undefined], "a CloudEvent"],
    ["an HTTP trigger", ["", trigger("httpTrigger")], '"httpTrigger"'],
    ["a storage queue", ["", trigger("queueTrigger")], '"queueTrigger"'],
    ["an event hub", ["", trigger("eventHubTrigger")], '"eventHubTrigger"'],
    [
      "a default binding that completes nothing",
      ["", { options: { trigger: { autoCompleteMessages: false } } }],
      "autoCompleteMessages: false",
    ],
    [
      "the v3 programming model",
      [{ bindingData: {}, bindings: {}, log() {} }, "body"],
      "v3 programming model",
    ],
    [
      "one message for a list",
      [{}, { triggerMetadata: { messageIdArray: ["a"], deliveryCountArray: [1] } }],
      "a list of messages",
    ],
  ])("%s", async (_what, [input, context], words) => {
    await expect(handler(input, context as never)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      provider: "service-bus",
      message: expect.stringContaining(words),
    });
  });

  test("a trigger with another cardinality", async () => {
    const one = createHandler(orders, functionsEvents({ cardinality: "one" }), () => {});
    await expect(one(...functionsInvocation(orders, [{ body: 1 }, { body: 2 }]).args)).rejects.toThrow(
      `the trigger's cardinality is "many", that of functionsEvents() "one"`,
    );
  });

  test("a queue without sessions for a definition that needs order", async () => {
    const ordered = defineQueue("orders", { schema: unchecked<number>(), orderingKey: () => "one" });
    const { args } = functionsInvocation(orders, [{ body: 1 }]);
    await expect(createHandler(ordered, functionsEvents(), () => {})(...args)).rejects.toMatchObject({
      code: "UNSUPPORTED",
    });
  });
});
