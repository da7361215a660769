import { describe, expect, test } from "vitest";
import { z } from "zod";

import type { ItemResult, SendReceipt } from "../src/driver/driver.ts";
import { isQueueError } from "../src/errors/queue-error.ts";
import type { Codec } from "../src/message/codec.ts";
import type { StandardSchemaV1 } from "../src/message/standard-schema.ts";
import type { Middleware } from "../src/middleware/middleware.ts";
import { confirmed, fakeAdapter, FakeProducerDriver, FakeServiceError } from "./fake-adapter.ts";
import { HeldAnswers, producerBench, stateOf } from "./producer-bench.ts";

function schemaOf(validate: StandardSchemaV1["~standard"]["validate"]): StandardSchemaV1 {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

describe("an answer that is none", () => {
  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["an object without ok", {}],
    ["ok of another type", { ok: "yes" }],
    ["a success without its receipt", { ok: true }],
  ])("%s leaves its message in doubt, and only it", async (_name, answer) => {
    const { producer, driver, clock } = producerBench({
      script: async (messages) =>
        messages.map((message) =>
          message.id === "b" ? (answer as ItemResult<SendReceipt>) : confirmed(message),
        ),
    });
    const sends = Promise.allSettled(["a", "b", "c"].map(async (id) => await producer.send(1, { id })));
    expect(await stateOf(sends, clock)).toBe("resolved");
    expect(await sends).toMatchObject([
      { status: "fulfilled" },
      { reason: { code: "INTERNAL", ambiguous: true } },
      { status: "fulfilled" },
    ]);
    expect(driver.calls).toHaveLength(1);
  });

  test("is in doubt in the error of sendMany as well", async () => {
    const { producer } = producerBench({ script: async () => [] });
    await expect(producer.sendMany([{ body: 1 }])).rejects.toMatchObject({
      code: "PARTIAL_SEND",
      ambiguous: true,
    });
  });

  test.each([
    ["fewer", -1],
    ["more", 1],
  ])("%s answers than messages leave all in doubt: whose they are would be a guess", async (_name, more) => {
    const { producer, driver } = producerBench({
      script: async (messages) => Array.from(messages.concat(messages).slice(0, 2 + more), confirmed),
    });
    const sends = await Promise.allSettled(["a", "b"].map(async (id) => await producer.send(1, { id })));
    const inDoubt = { reason: { code: "INTERNAL", ambiguous: true } };
    expect(sends).toMatchObject([inDoubt, inDoubt]);
    expect(driver.calls).toHaveLength(1);
  });
});

describe("an error that nobody can read", () => {
  test.each<[string, unknown]>([
    ["of an adapter without an answer", undefined],
    ["of an adapter with a code of its own", { code: "ODD", retryable: false }],
  ])("%s is INTERNAL and in doubt", async (_name, answer) => {
    const driver = new FakeProducerDriver(async () => await Promise.reject(new Error("odd")));
    const adapter = { ...fakeAdapter({ producer: () => driver }), classify: () => answer as never };
    const { producer, clock } = producerBench({ setup: { adapter } });
    const sent = producer.send(1);
    sent.catch(() => {});
    expect(await stateOf(sent, clock)).toBe("rejected");
    await expect(sent).rejects.toMatchObject({ code: "INTERNAL", ambiguous: true });
  });

  test("a message that is no text", async () => {
    const fault = Object.assign(new Error("x"), { message: { code: 5 } });
    const { producer, clock } = producerBench({ script: async () => await Promise.reject(fault) });
    const sent = producer.send(1);
    sent.catch(() => {});
    expect(await stateOf(sent, clock)).toBe("rejected");
    await expect(sent).rejects.toMatchObject({ code: "INTERNAL", cause: fault });
  });

  test("a getter that throws settles the send all the same, in doubt", async () => {
    const fault = Object.defineProperty(new Error("x"), "message", {
      get: () => {
        throw new Error("no message");
      },
    });
    const { producer, clock } = producerBench({ script: async () => await Promise.reject(fault) });
    const sent = producer.send(1);
    sent.catch(() => {});
    expect(await stateOf(sent, clock)).toBe("rejected");
    await expect(sent).rejects.toMatchObject({ code: "INTERNAL", ambiguous: true });
  });
});

test("an abort by whoever hears of a send comes too late for what was confirmed", async () => {
  const controller = new AbortController();
  const { producer, events } = producerBench();
  const emit = events.emit.bind(events);
  events.emit = (name, event) => {
    emit(name, event);
    if (name === "send") controller.abort();
  };
  await expect(producer.send(1, { id: "a", signal: controller.signal })).resolves.toMatchObject({ id: "a" });
});

// Counted as ended twice, it would let a flush, and with it a close, end before another send has its answer.
test("a send that was given up before its answer came has ended once", async () => {
  const answers = new HeldAnswers();
  const { producer, driver, clock } = producerBench({ script: answers.script });
  const controller = new AbortController();
  const first = producer.send(1, { signal: controller.signal }).catch(() => {});
  const second = producer.send(2);
  await clock.settle();
  controller.abort();
  answers.at(0).resolve(driver.calls[0]?.map(confirmed) ?? []);
  await Promise.all([first, second]);
  const third = producer.send(3);
  const flushed = producer.flush();
  expect(await stateOf(flushed, clock)).toBe("pending");
  answers.at(1).resolve(driver.calls[1]?.map(confirmed) ?? []);
  await Promise.all([third, flushed]);
});

test("a codec that encodes asynchronously is refused, and its rejection ends no process", async () => {
  const encode = async (): Promise<never> => await Promise.reject(new Error("unheard"));
  const codec = { contentType: "application/x", encode, decode: () => 1 } as unknown as Codec;
  const { producer } = producerBench({ details: { codec } });
  await expect(producer.send(1)).rejects.toThrow("the codec gave a promise, it must encode synchronously");
});

test("a schema that refuses what was cancelled already ends no process", async () => {
  const unheard: unknown[] = [];
  const hear = (reason: unknown): void => void unheard.push(reason);
  process.on("unhandledRejection", hear);
  const { producer } = producerBench({
    details: { schema: schemaOf(async () => ({ issues: [{ message: "no" }] })) },
  });
  await expect(producer.send(1, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: "CANCELLED",
  });
  await new Promise((resolve) => {
    setTimeout(resolve, 5);
  });
  process.off("unhandledRejection", hear);
  expect(unheard).toEqual([]);
});

test.each([
  ["at once", schemaOf((value) => ({ value: Object(value).at.getTime() }))],
  ["later", schemaOf(async (value) => ({ value: Object(value).at.getTime() }))],
])("a schema that throws %s for the decoded body refuses the body", async (_name, schema) => {
  const { producer } = producerBench({ details: { schema } });
  await expect(producer.send({ at: new Date() })).rejects.toMatchObject({
    code: "INVALID_MESSAGE",
    message: expect.stringContaining("would not survive"),
  });
});

test("a middleware that does not wait for next ends no process where the send fails", async () => {
  const hasty: Middleware = {
    name: "hasty",
    send: async (draft, next) => void next(draft), // the await is missing
  };
  const { producer } = producerBench({
    setup: { middleware: [hasty] },
    script: async () =>
      await Promise.reject(new FakeServiceError({ code: "ACCESS_DENIED", retryable: false })),
  });
  await expect(producer.send(1)).rejects.toMatchObject({ code: "ACCESS_DENIED" });
});

test("a middleware that does not wait for next is told of the illegal draft that it gave", async () => {
  const hasty: Middleware = {
    name: "hasty",
    send: async (draft, next) => void next({ ...draft, id: "" }),
  };
  const { producer } = producerBench({ setup: { middleware: [hasty] } });
  await expect(producer.send(1)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining("a middleware changed the message: id"),
  });
});

test("a buffer that a codec of the application hands through is copied", async () => {
  const codec: Codec = {
    contentType: "application/x",
    encode: (body) => body as Uint8Array,
    decode: (wire) => wire,
  };
  const { producer, driver } = producerBench({ details: { codec } });
  const body = Buffer.from([1, 2, 3]);
  const sent = producer.send(body);
  body[0] = 9;
  await sent;
  expect([...(driver.calls[0]?.[0]?.body ?? [])]).toEqual([1, 2, 3]);
});

describe("what JavaScript sends", () => {
  test.each([
    ["a body without its item", { orderId: "o-1" }],
    ["a text", "o-1"],
    ["nothing", null],
  ])("%s is refused by name, and the others are sent", async (_name, item) => {
    const { producer, driver } = producerBench();
    const items = [{ body: 1, id: "a" }, item as never, { body: 3, id: "c" }];
    const error: unknown = await producer.sendMany(items).catch((caught: unknown) => caught);
    if (!isQueueError(error, "PARTIAL_SEND")) throw new Error("PARTIAL_SEND expected");
    expect(error.message).toContain("1 of 3 messages were not confirmed, the first with INVALID_ARGUMENT");
    expect(String(error.cause)).toContain("items[1]: expected { body, … }");
    expect(driver.sentIds).toEqual([["a", "c"]]);
  });

  test.each([
    ["a date", { at: new Date(0) }],
    ["a map", { lines: new Map([["a", 1]]) }],
    ["NaN", { total: Number.NaN }],
    ["a hole", [undefined, 1]],
    ["a date that its schema takes", { at: new Date(0) }, z.object({ at: z.date().optional() })],
  ])("%s is refused whatever was sent before", async (_name, lossy, schema?: z.ZodType) => {
    const { producer, driver } = producerBench(schema === undefined ? {} : { details: { schema } });
    await producer.send({});
    await expect(producer.send(lossy)).rejects.toMatchObject({ code: "INVALID_MESSAGE" });
    await producer.send({ at: undefined });
    expect(driver.calls).toHaveLength(2);
  });
});

test("flush waits for the others although a middleware throws after its message was given up", async () => {
  const gate = Promise.withResolvers<void>();
  const late: Middleware = {
    name: "late",
    send: async (draft, next) => {
      if (draft.id !== "a") return await next(draft);
      await gate.promise;
      throw new Error("too late");
    },
  };
  const answers = new HeldAnswers();
  const bench = producerBench({ setup: { middleware: [late] }, script: answers.script });
  const controller = new AbortController();
  const given = bench.producer.send(1, { id: "a", signal: controller.signal });
  const sent = bench.producer.send(2, { id: "b" });
  const flushed = bench.producer.flush();
  controller.abort();
  await expect(given).rejects.toMatchObject({ code: "CANCELLED" });
  gate.resolve();
  expect(await stateOf(flushed, bench.clock)).toBe("pending");
  answers.at(0).resolve(bench.driver.calls[0]?.map(confirmed) ?? []);
  await Promise.all([flushed, sent]);
});
