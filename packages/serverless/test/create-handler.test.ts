import { defineQueue, defineTopic, unchecked, type EventSource } from "@anyqueue/core";
import { describe, expect, test } from "vitest";
import { createBatchHandler, createHandler, type EventBatch, type HandlerOptions } from "../src/index.ts";

const orders = defineQueue("orders");
const source: EventSource<[], string> = { receive: () => ({ deliveries: [] }), reply: () => "done" };
const handler = (): void => {};

function refusal(make: () => unknown): unknown {
  try {
    make();
  } catch (error) {
    return error;
  }
  throw new Error("it was not refused");
}

describe("making a function refuses", () => {
  test.each([
    ["an unknown option, with the one that was meant", { concurency: 3 }, 'did you mean "concurrency"?'],
    ["a concurrency of 0", { concurrency: 0 }, "concurrency"],
    ["prefetch, because a function fetches nothing", { prefetch: 3 }, "prefetch"],
    ["a deadlineMargin that is no duration", { deadlineMargin: 5 }, "deadlineMargin"],
    ["a middleware that is none", { middleware: ["x"] }, "middleware"],
  ])("%s", (_what, options, words) => {
    const error = refusal(() => createHandler(orders, source, handler, options as HandlerOptions));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining(words) });
  });

  test("a topic, which nobody consumes", () => {
    const topic = defineTopic("placed");
    const error = refusal(() => createHandler(topic as never, source, handler));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining("topic") });
  });

  test("a source that was not called, and a handler that is none", () => {
    expect(refusal(() => createHandler(orders, (() => source) as never, handler))).toMatchObject({
      message: expect.stringContaining("event source"),
    });
    expect(refusal(() => createHandler(orders, source, undefined as never))).toMatchObject({
      message: expect.stringContaining("expected a function, got undefined"),
    });
  });

  test.each([0, 1.5, -1])("batches of %s", (size) => {
    expect(refusal(() => createBatchHandler(orders, source, async () => {}, { size }))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("size"),
    });
  });
});

test("the function passes its arguments to the source, and answers with its reply", async () => {
  const calls: unknown[] = [];
  const echo: EventSource<[name: string, times?: number], string> = {
    receive: async (...args) => {
      calls.push(["receive", ...args]);
      return { deliveries: [] };
    },
    reply: async (_outcomes, _batch, ...args) => {
      calls.push(["reply", ...args]);
      return args[0].repeat(args[1] ?? 1);
    },
  };
  const call = createHandler(orders, echo, handler);
  expect(await call("ab", 2)).toBe("abab");
  expect(calls).toEqual([
    ["receive", "ab", 2],
    ["reply", "ab", 2],
  ]);
});

test("an event that the source refuses rejects, and no handler runs", async () => {
  let runs = 0;
  const refusing: EventSource<[], void> = {
    receive: () => {
      throw new Error("not mine");
    },
    reply: () => {},
  };
  await expect(createHandler(orders, refusing, () => (runs += 1))()).rejects.toThrow("not mine");
  expect(runs).toBe(0);
});

describe("a source that answers for what it refuses", () => {
  const refusal = new Error("not mine");
  const seen: unknown[] = [];
  const listener = { "event-refused": (event: unknown) => void seen.push(event) };
  const logger = { info: () => {}, warn: (fields: object) => void seen.push(fields), error: () => {} };
  const refusing = (
    over: Partial<EventSource<[call: string], string>>,
  ): EventSource<[call: string], string> => ({
    receive: () => {
      throw refusal;
    },
    reply: () => "handled",
    refuse: (error, batch, call) => `${call}: ${String(error)}, ${batch === undefined ? "no" : "a"} batch`,
    ...over,
  });

  test("is asked for its answer, and the refusal is reported and logged", async () => {
    seen.length = 0;
    const call = createHandler(orders, refusing({}), handler, { listener, logger });
    expect(await call("x")).toBe("x: Error: not mine, no batch");
    const reported = { target: "event:orders", error: refusal };
    expect(seen).toEqual([reported, reported]);
  });

  test("is asked with its batch where the engine refused that", async () => {
    const target = {
      name: "test://orders",
      entity: "orders",
      ref: { kind: "queue", name: "orders", features: [] },
      capabilities: { ordering: "none" },
    } as unknown as NonNullable<EventBatch["target"]>;
    const source = refusing({ receive: () => ({ deliveries: [], target }) });
    const ordered = defineQueue("ordered", { schema: unchecked<string>(), orderingKey: () => "k" });
    expect(await createHandler(ordered, source, handler)("x")).toMatch(/^x: .*UNSUPPORTED.*, a batch$/);
  });

  test("answers although the logger throws, and is not asked when its reply fails", async () => {
    const broken = {
      ...logger,
      warn: () => {
        throw new Error("disk full");
      },
    };
    expect(await createHandler(orders, refusing({}), handler, { logger: broken })("x")).toContain("not mine");
    const mute = refusing({
      receive: () => ({ deliveries: [] }),
      reply: () => {
        throw new Error("hung up");
      },
    });
    await expect(createHandler(orders, mute, handler)("x")).rejects.toThrow("hung up");
  });
});
