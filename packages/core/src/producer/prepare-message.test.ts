import { describe, expect, test } from "vitest";
import { z } from "zod";

import { FAKE_LIMITS } from "../../test/fake-adapter.ts";
import { KEYED, producerBench, type ProducerBenchOptions } from "../../test/producer-bench.ts";
import type { AttributeLimits } from "../driver/limits.ts";
import { isQueueError } from "../errors/queue-error.ts";
import type { Codec } from "../message/codec.ts";

/** Returns the error that refuses a send, and checks that nothing reached the driver. */
async function refusal(bench: ProducerBenchOptions, body: unknown, options?: object): Promise<unknown> {
  const { producer, driver } = producerBench(bench);
  const error: unknown = await producer.send(body, options).catch((caught: unknown) => caught);
  expect(driver.calls).toHaveLength(0);
  expect(driver.opens).toBe(0);
  return error;
}

const PLACE = { operation: "send", provider: "fake", target: "fake://here/orders", ambiguous: false };

function withAttributes(over: Partial<AttributeLimits>): ProducerBenchOptions {
  return { limits: { attributes: { ...FAKE_LIMITS.attributes, ...over } } };
}

class Fields {
  get tenant(): string {
    return "acme";
  }
}

describe("options are refused before any I/O, and the field is named", () => {
  test.each([
    ["an unknown option", { delayy: "5s" }, 'did you mean "delay"'],
    ["a key that belongs in the definition", { orderingKey: "o-1" }, "Give the definition an orderingKey"],
    ["options that are no object", 5, "options: expected an object"],
    ["an empty id", { id: "" }, "id: expected 1 to 128 characters, got 0"],
    ["a long id", { id: "x".repeat(129) }, "id: expected 1 to 128 characters, got 129"],
    ["an id that is no text", { id: 5 }, "id: expected a string, got number"],
    ["an id of null", { id: null }, "id: expected a string"],
    ["a broken id", { id: "\uD800" }, "id: it has a lone surrogate"],
    [
      "a correlation id that is no text",
      { correlationId: {} },
      "correlationId: expected a string, got object",
    ],
    ["a broken reply address", { replyTo: "\uDC00" }, "replyTo: it has a lone surrogate"],
    ["attributes that are no object", { attributes: "a=b" }, "attributes: expected a plain object"],
    ["a list of attributes", { attributes: ["a"] }, "attributes: expected a plain object"],
    [
      "attributes that an object would lose",
      { attributes: new Map([["a", "b"]]) },
      "attributes: expected a plain object of strings, got a Map",
    ],
    ["a date for attributes", { attributes: new Date(0) }, "a plain object of strings, got a Date"],
    ["an instance for attributes", { attributes: new Fields() }, "a plain object of strings, got a Fields"],
    [
      "an attribute that is no text",
      { attributes: { n: 5 } },
      'attributes["n"]: expected a string, got number',
    ],
    ["a broken value", { attributes: { n: "\uD800" } }, 'attributes["n"]: it has a lone surrogate'],
    ["a broken name", { attributes: { "\uD800": "" } }, "the name has a lone surrogate"],
    ["an empty name", { attributes: { "": "" } }, "a name must not be empty"],
    ["a reserved name", { attributes: { "AQ-due": "0" } }, 'names that begin with "aq-" are reserved'],
    ["a name of the provider's", { attributes: { "Fake-x": "" } }, 'names that begin with "fake-" belong to'],
    [
      "a name that breaks records",
      { attributes: JSON.parse('{"__proto__":"x"}') },
      "this name is not allowed",
    ],
    ["a long name", { attributes: { ["é".repeat(33)]: "" } }, "at most 64 bytes"],
    ["a long value", { attributes: { n: "é".repeat(129) } }, "at most 256 bytes"],
    // On some wires an attribute: its service would refuse the request, and its key would be latched.
    ["a long correlation", { correlationId: "é".repeat(129) }, "correlationId: the value must have at most"],
    ["a long address", { replyTo: "é".repeat(129) }, "replyTo: the value must have at most 256 bytes"],
    [
      "too many attributes",
      { attributes: Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`n${index}`, ""])) },
      "attributes: the provider carries 10, got 11",
    ],
  ])("%s", async (_name, options, what) => {
    const error = await refusal({}, 1, options as object);
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", ...PLACE });
    expect(String(error)).toContain(what);
  });

  test.each([
    [
      "a name that the provider cannot carry",
      { namePattern: /^[a-z]+$/ },
      { "a b": "" },
      "only names that match",
    ],
    [
      "a value that the provider cannot carry",
      { valuePattern: /^[a-z]*$/ },
      { a: "\u0001" },
      "only values that match",
    ],
    [
      "an empty value where none is carried",
      { emptyValues: false },
      { a: "" },
      "cannot carry an empty value",
    ],
  ])("%s", async (_name, limits, attributes, what) => {
    expect(String(await refusal(withAttributes(limits), 1, { attributes }))).toContain(what);
  });

  test("values at their limits go", async () => {
    const { producer } = producerBench();
    const attributes = { ["é".repeat(32)]: "é".repeat(128), hostile: "a.b/c 'd\" \u0001" };
    const correlationId = "é".repeat(128);
    await expect(producer.send(1, { id: "x".repeat(128), correlationId, attributes })).resolves.toBeDefined();
  });

  test("undefined options are the same as none", async () => {
    const { producer } = producerBench();
    const options = {
      id: undefined,
      attributes: undefined,
      delay: undefined,
      ttl: undefined,
      signal: undefined,
    };
    await expect(producer.send(1, options)).resolves.toBeDefined();
  });
});

describe("keys", () => {
  test.each([
    ["an empty key", "", "orderingKey: expected 1 to 32 characters, got 0"],
    ["a long key", "x".repeat(33), "orderingKey: expected 1 to 32 characters, got 33"],
    ["a broken key", "\uD800", "orderingKey: it has a lone surrogate"],
  ])("%s is refused", async (_name, key, what) => {
    const error = await refusal({ details: KEYED }, { key });
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", ...PLACE });
    expect(String(error)).toContain(what);
  });

  test("a key that is no text is refused", async () => {
    const details = { ...KEYED, orderingKey: () => 7 as never };
    expect(String(await refusal({ details }, 1))).toContain("orderingKey: expected a string, got number");
  });

  test("the key function sees the body and the attributes", async () => {
    const details = {
      ...KEYED,
      orderingKey: (body: unknown, more: object) => `${String(body)}-${JSON.stringify(more)}`,
    };
    const { producer, driver } = producerBench({ details });
    await producer.send(1, { attributes: { a: "b" } });
    expect(driver.calls[0]?.[0]?.orderingKey).toBe('1-{"a":"b"}');
  });

  test("an id that is too long or illegal for deduplication is refused", async () => {
    const bench: ProducerBenchOptions = {
      details: { needs: ["deduplication"] },
      capabilities: { deduplication: "window" },
      limits: { deduplicationId: { maxLength: 8, pattern: /^\w+$/ } },
    };
    expect(String(await refusal(bench, 1, { id: "123456789" }))).toContain(
      "id (as deduplication id): expected 1 to 8",
    );
    expect(String(await refusal(bench, 1, { id: "a b" }))).toContain("only values that match");
  });

  test.each(["id", "orderingKey"] as const)(
    "a definition's %s function that throws is a bad message",
    async (name) => {
      const cause = new TypeError("no customer");
      const details = {
        [name]: () => {
          throw cause;
        },
      };
      expect(await refusal({ details }, {})).toMatchObject({ code: "INVALID_MESSAGE", cause, ...PLACE });
    },
  );

  test.each(["id", "orderingKey"] as const)(
    "a definition's %s function that is asynchronous is refused, and its rejection ends nothing",
    async (name) => {
      const details = { [name]: async () => await Promise.reject(new Error("unheard")) };
      expect(String(await refusal({ details }, {}))).toContain(`${name}: expected a string, got object`);
    },
  );
});

describe("bodies", () => {
  test("are refused by the schema with the path, without their values", async () => {
    const schema = z.object({ order: z.object({ total: z.number() }) });
    const error = await refusal({ details: { schema } }, { order: { total: "secret" } });
    expect(error).toMatchObject({ code: "INVALID_MESSAGE", ...PLACE });
    expect(String(error)).toContain("order.total");
    expect(String(error)).not.toContain("secret");
  });

  test("go on the wire as the schema's input, not its output", async () => {
    const schema = z.object({ at: z.coerce.date().default(new Date(0)) });
    const { producer, driver } = producerBench({ details: { schema } });
    await producer.send({ at: "2020-01-01" });
    expect(new TextDecoder().decode(driver.calls[0]?.[0]?.body)).toBe('{"at":"2020-01-01"}');
  });

  test.each([
    ["a bigint", { id: 1n }],
    ["undefined", undefined],
    ["a date", { at: new Date(0) }],
    [
      "a cycle",
      (() => {
        const loop: { self?: unknown } = {};
        loop.self = loop;
        return loop;
      })(),
    ],
    ["a __proto__ key", JSON.parse('{"__proto__":{"admin":true}}')],
  ])("%s is refused", async (_name, body) => {
    expect(await refusal({}, body)).toMatchObject({ code: "INVALID_MESSAGE", ...PLACE });
  });

  test("of a codec of the application are proved by the first message only, unless every one is to be checked", async () => {
    const codec: Codec = {
      contentType: "application/x-test",
      encode: (body) => Buffer.from(String(body)),
      decode: (encoded) => Buffer.from(encoded).toString(),
    };
    const once = producerBench({ details: { codec } });
    await expect(once.producer.send(1)).rejects.toMatchObject({ code: "INVALID_MESSAGE" });
    await once.producer.send("1");
    await expect(once.producer.send(1)).resolves.toBeDefined();
    const always = producerBench({ details: { codec }, setup: { checkEveryBody: true } });
    await always.producer.send("1");
    await expect(always.producer.send(1)).rejects.toMatchObject({ code: "INVALID_MESSAGE" });
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("cannot");
      },
      "the codec threw",
    ],
    ["gives text", () => "text" as never, "the codec gave string instead of a Uint8Array"],
  ])("a codec that %s is a bad message", async (_name, encode, what) => {
    const codec: Codec = { contentType: "application/x-test", encode, decode: (encoded) => encoded };
    const error = await refusal({ details: { codec } }, 1);
    expect(error).toMatchObject({ code: "INVALID_MESSAGE", ...PLACE });
    expect(String(error)).toContain(what);
  });

  test("a schema that throws is a bad message", async () => {
    const schema = z.unknown().transform(() => {
      throw new Error("bug");
    });
    expect(await refusal({ details: { schema } }, 1)).toMatchObject({ code: "INVALID_MESSAGE" });
  });
});

describe("sizes", () => {
  const body = (bytes: number): string => "x".repeat(bytes - 2); // JSON adds the quotes

  test("a message at the limit goes, one byte more is refused with size and limit", async () => {
    const { producer } = producerBench();
    await expect(producer.send(body(998), { attributes: { a: "b" } })).resolves.toBeDefined();
    const error = await refusal({}, body(998), { attributes: { a: "bc" } });
    expect(error).toMatchObject({ code: "MESSAGE_TOO_LARGE", sizeBytes: 1_001, limitBytes: 1_000, ...PLACE });
    expect(isQueueError(error, "MESSAGE_TOO_LARGE") && error.limitBytes).toBe(1_000);
  });

  test("a batch that takes less than a message is the limit", async () => {
    const limits = { send: { ...FAKE_LIMITS.send, maxBytes: 500, overheadBytes: 20 } };
    expect(await refusal({ limits }, body(481))).toMatchObject({
      code: "MESSAGE_TOO_LARGE",
      limitBytes: 480,
    });
  });
});

describe("emulation", () => {
  test("is reported once for each feature", async () => {
    const { producer, events, driver } = producerBench({ details: { emulate: ["delay", "ttl"] } });
    await producer.send(1, { delay: "1s", ttl: "1h", attributes: { a: "b" } });
    await producer.send(1, { delay: "1s" });
    expect(events.of("emulated").map((event) => event.feature)).toEqual(["delay", "ttl"]);
    expect(Object.keys(driver.calls[0]?.[0]?.attributes ?? {})).toEqual(["a", "aq-due", "aq-exp"]);
  });

  test("a native delay and ttl go to the driver", async () => {
    const { producer, driver, clock } = producerBench({
      capabilities: { ttl: true, sendDelay: { maxMs: 60_000 } },
    });
    await producer.send(1, { delay: "1s", ttl: "5s" });
    expect(driver.calls[0]).toMatchObject([
      { deliverAtMs: clock.wallNow() + 1_000, ttlMs: 5_000, attributes: {} },
    ]);
  });
});
