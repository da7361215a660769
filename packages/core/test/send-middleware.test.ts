import { describe, expect, test } from "vitest";

import type { StandardSchemaV1 } from "../src/message/standard-schema.ts";
import type { Middleware } from "../src/middleware/middleware.ts";
import { confirmed, FakeServiceError } from "./fake-adapter.ts";
import { HeldAnswers, KEYED, producerBench, SEND_TIMEOUT_MS } from "./producer-bench.ts";

type SendHook = NonNullable<Middleware["send"]>;

function hook(send: SendHook, name = "hook"): Middleware {
  return { name, send };
}

/** A schema that answers when the test tells it to. */
function slowSchema(): { readonly schema: StandardSchemaV1; answer(index: number, isValid?: boolean): void } {
  const waiting: ((isValid: boolean) => void)[] = [];
  const schema: StandardSchemaV1 = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: async (value) =>
        await new Promise((resolve) => {
          waiting.push((isValid) => resolve(isValid ? { value } : { issues: [{ message: "no" }] }));
        }),
    },
  };
  return { schema, answer: (index, isValid = true) => waiting[index]?.(isValid) };
}

describe("a send middleware", () => {
  test("sees the encoded message and may add attributes; the first is the outermost", async () => {
    const seen: string[] = [];
    const outer = hook(async (draft, next) => {
      seen.push(`outer ${draft.target} ${draft.contentType} ${draft.id}`);
      draft.attributes["traceparent"] = "00-1";
      const result = await next(draft);
      seen.push("outer after");
      return result;
    });
    const inner = hook(async (draft, next) => {
      seen.push(`inner ${draft.attributes["traceparent"]}`);
      return await next({ ...draft, body: new Uint8Array([1]) });
    });
    const { producer, driver, events } = producerBench({ setup: { middleware: [outer, inner] } });
    const attributes = Object.freeze({ tenant: "a" });
    await expect(producer.send({}, { id: "a", attributes })).resolves.toEqual({
      id: "a",
      providerId: "stored-a",
    });
    expect(driver.calls[0]).toMatchObject([
      { id: "a", attributes: { tenant: "a", traceparent: "00-1" }, body: new Uint8Array([1]) },
    ]);
    await producer.flush();
    expect(seen).toEqual(["outer fake://here/orders application/json a", "inner 00-1", "outer after"]);
    expect(events.of("notice")).toEqual([]);
  });

  test("gets the confirmation from next, or the failure", async () => {
    const results: unknown[] = [];
    const watch = hook(async (draft, next) => {
      try {
        const result = await next(draft);
        results.push(result);
        return result;
      } catch (error) {
        results.push(error);
        throw error;
      }
    });
    const { producer } = producerBench({
      setup: { middleware: [watch] },
      script: async (messages, _signal, call) => {
        if (call === 2) throw new FakeServiceError({ code: "ACCESS_DENIED", retryable: false });
        return messages.map(confirmed);
      },
    });
    await producer.send(1, { id: "a" });
    await expect(producer.send(2)).rejects.toMatchObject({ code: "ACCESS_DENIED" });
    expect(results).toMatchObject([{ id: "a" }, { code: "ACCESS_DENIED" }]);
  });

  test("refuses a message by throwing: nothing is sent", async () => {
    const fault = new Error("no tenant");
    const { producer, driver } = producerBench({
      setup: {
        middleware: [
          hook(async () => {
            throw fault;
          }),
        ],
      },
    });
    await expect(producer.send(1)).rejects.toMatchObject({
      message: "INTERNAL: a send middleware threw (fake://here/orders). Its error is the cause.",
      cause: fault,
      provider: "fake",
    });
    expect(driver.calls).toHaveLength(0);
  });

  test("that ends without next is an error, not a message lost in silence", async () => {
    const { producer, driver } = producerBench({ setup: { middleware: [hook(async () => undefined)] } });
    await expect(producer.send(1)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("next()"),
    });
    expect(driver.calls).toHaveLength(0);
  });

  test("that throws after the confirmation changes nothing and is reported", async () => {
    const late = hook(async (draft, next) => {
      await next(draft);
      throw new Error("span store is full");
    });
    const { producer, events, clock } = producerBench({ setup: { middleware: [late] } });
    await expect(producer.send(1, { id: "a" })).resolves.toMatchObject({ id: "a" });
    await clock.settle();
    expect(events.of("notice")).toMatchObject([
      { text: expect.stringContaining("after its message was confirmed") },
    ]);
  });

  test("that throws while its message is out leaves it in doubt", async () => {
    const gate = Promise.withResolvers<void>();
    const hasty = hook(async (draft, next) => {
      void next(draft).catch(() => {});
      await gate.promise;
      throw new Error("hasty");
    });
    const { producer, clock } = producerBench({
      setup: { middleware: [hasty] },
      script: new HeldAnswers().script,
    });
    const outcome = producer.send(1).catch((caught: unknown) => caught);
    await clock.settle();
    gate.resolve();
    expect(await outcome).toMatchObject({ code: "INTERNAL", ambiguous: true });
  });

  test("cannot forge the core's own attributes", async () => {
    const forger = hook(async (draft, next) => await next({ ...draft, attributes: { "aq-due": "0" } }));
    const { producer } = producerBench({ setup: { middleware: [forger] } });
    await expect(producer.send(1)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test.each([
    ["id", { id: "" }, "id: expected 1 to 128 characters"],
    ["id", { id: 5 }, "id: expected a string, got number"],
    ["body", { body: "text" }, "body: expected a Uint8Array, got string"],
    ["body", { body: undefined }, "body: expected a Uint8Array"],
    ["contentType", { contentType: null }, "contentType: expected a string"],
    ["attributes", { attributes: undefined }, "attributes: expected a plain object of strings, got"],
    ["attributes", { attributes: ["a"] }, "attributes: expected a plain object of strings, got"],
    ["orderingKey", { orderingKey: undefined }, "orderingKey: expected a string, got undefined"],
    ["orderingKey", { orderingKey: "\ud800" }, "orderingKey: it has a lone surrogate"],
  ])("that makes another %s of it than can be sent is told so: %j", async (_field, change, problem) => {
    const careless = hook(async (draft, next) => await next({ ...draft, ...(change as object) }));
    const { producer, driver } = producerBench({ details: KEYED, setup: { middleware: [careless] } });
    await expect(producer.send({ key: "k" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(`a middleware changed the message: ${problem}`),
      target: "fake://here/orders",
    });
    expect(driver.calls).toHaveLength(0);
  });

  test("that gives next no draft is told so", async () => {
    const careless = hook(async (_draft, next) => await next("draft" as never));
    const { producer } = producerBench({ setup: { middleware: [careless] } });
    await expect(producer.send(1)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("a middleware changed the message: draft: expected an object"),
    });
  });

  test("may change id and key: what deduplicates is the new id", async () => {
    const tenant = hook(
      async (draft, next) => await next({ ...draft, id: `a-${draft.id}`, orderingKey: "other" }),
    );
    const { producer, driver } = producerBench({
      details: { ...KEYED, needs: ["ordering", "deduplication"] },
      setup: { middleware: [tenant] },
    });
    await expect(producer.send({ key: "k" }, { id: "1" })).resolves.toMatchObject({ id: "a-1" });
    expect(driver.calls[0]).toMatchObject([{ id: "a-1", deduplicationId: "a-1", orderingKey: "other" }]);
  });

  test("that hangs is stopped by the time limit, and its key goes on", async () => {
    let calls = 0;
    const hanging = hook(async (draft, next) => {
      calls += 1;
      if (calls === 1) await new Promise(() => {});
      return await next(draft);
    });
    const { producer, clock, driver } = producerBench({ details: KEYED, setup: { middleware: [hanging] } });
    const outcomes = Promise.allSettled([producer.send({ key: "k" }, { id: "k1" })]);
    await clock.advance(SEND_TIMEOUT_MS);
    expect(await outcomes).toMatchObject([{ reason: { code: "TIMEOUT", ambiguous: false } }]);
    producer.resume("k");
    await expect(producer.send({ key: "k" }, { id: "k2" })).resolves.toMatchObject({ id: "k2" });
    expect(driver.sentIds).toEqual([["k2"]]);
  });

  test("that takes its time does not change the order of a key", async () => {
    const waits = new Map<string, () => void>();
    const slow = hook(async (draft, next) => {
      await new Promise<void>((resolve) => waits.set(draft.id, resolve));
      return await next(draft);
    });
    const { producer, clock, driver } = producerBench({ details: KEYED, setup: { middleware: [slow] } });
    const sends = ["k1", "k2", "l1"].map(async (id) => await producer.send({ key: id[0] }, { id }));
    await clock.settle();
    for (const id of ["l1", "k2"]) waits.get(id)?.();
    await clock.settle();
    expect(driver.sentIds.flat()).toEqual(["l1"]);
    waits.get("k1")?.();
    await Promise.all(sends);
    expect(driver.sentIds.flat()).toEqual(["l1", "k1", "k2"]);
  });

  test("flush waits for a message that is still in its middleware", async () => {
    const gate = Promise.withResolvers<void>();
    const slow = hook(async (draft, next) => {
      await gate.promise;
      return await next(draft);
    });
    const { producer, driver } = producerBench({ setup: { middleware: [slow] } });
    const sent = producer.send(1);
    const flushed = producer.flush();
    gate.resolve();
    await flushed;
    expect(driver.calls).toHaveLength(1);
    await sent;
  });
});

describe("an asynchronous schema", () => {
  test("does not change the order of a key", async () => {
    const { schema, answer } = slowSchema();
    const { producer, clock, driver } = producerBench({ details: { ...KEYED, schema } });
    const sends = ["k1", "k2"].map(async (id) => await producer.send({ key: "k" }, { id }));
    answer(1);
    await clock.settle();
    answer(2); // the second message's round trip
    await clock.settle();
    expect(driver.calls).toHaveLength(0);
    answer(0);
    await clock.settle();
    answer(3);
    await Promise.all(sends);
    expect(driver.sentIds.flat()).toEqual(["k1", "k2"]);
  });

  test("refuses a body, and what the caller changed meanwhile is not sent", async () => {
    const { schema, answer } = slowSchema();
    const { producer, clock, driver } = producerBench({ details: { schema } });
    const body = { total: 1 };
    const good = producer.send(body, { id: "a" });
    const bad = producer.send(body, { id: "b" });
    body.total = 2;
    answer(0);
    answer(1, false);
    await expect(bad).rejects.toMatchObject({ code: "INVALID_MESSAGE", target: "fake://here/orders" });
    await clock.settle();
    answer(2);
    await good;
    expect(new TextDecoder().decode(driver.calls[0]?.[0]?.body)).toBe('{"total":1}');
    expect(driver.sentIds).toEqual([["a"]]);
  });

  test("that rejects is a refused message", async () => {
    const fault = new Error("database away");
    const schema: StandardSchemaV1 = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: async () => {
          throw fault;
        },
      },
    };
    const { producer } = producerBench({ details: { schema } });
    await expect(producer.send(1)).rejects.toMatchObject({ code: "INVALID_MESSAGE", cause: fault });
    await expect(producer.send(1, { delay: "soon" as never })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});
