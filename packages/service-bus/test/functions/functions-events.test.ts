import { DeadLetterError, QueueError, RetryError } from "@anyqueue/core";
import { createVirtualClock } from "@anyqueue/core/testing";
import { createBatchHandler, createHandler, type HandlerOptions } from "@anyqueue/serverless";
import { assert, describe, expect, test } from "vitest";
import { functionsEvents, type FunctionsEventsOptions } from "../../src/azure-functions.ts";
import { functionsInvocation } from "../../src/testing.ts";
import { callOf, DOWN, failing, grouped, orders, passing, rejection } from "./order-calls.ts";

describe("the default binding", () => {
  test("of one message completes by returning, and gives back by throwing what the handler threw", async () => {
    const handler = createHandler(orders, functionsEvents(), failing("b"));
    expect(await handler(...callOf(["a"]).args)).toBeUndefined();
    expect(await rejection(handler(...callOf(["b"]).args))).toBe(DOWN);
  });

  test("of many brings all back as soon as one failed, and does not handle the others again", async () => {
    const seen: string[] = [];
    let isDown = true;
    const handler = createHandler(orders, functionsEvents(), ({ body }) => {
      seen.push(body.orderId);
      if (body.orderId === "b" && isDown) throw DOWN;
    });
    const error = await rejection(handler(...callOf(["a", "b", "c"]).args));
    assert(error instanceof QueueError && error.cause instanceof AggregateError);
    expect(error.message).toContain("1 of 3 messages");
    expect(error.cause.errors).toEqual([DOWN]);
    isDown = false;
    await handler(...callOf(["a", "b", "c"]).args);
    expect(seen).toEqual(["a", "b", "c", "b"]);
  });

  test.each([
    ["another queue", { queueName: "others" }],
    ["a queue of that name in another namespace", { connection: "ELSEWHERE" }],
  ])("takes a message of %s with a handled one's number for a message of its own", async (_what, change) => {
    const seen: string[] = [];
    const handler = createHandler(orders, functionsEvents(), async (message, context) => {
      seen.push(message.body.orderId);
      await failing("b")(message, context);
    });
    await rejection(handler(...callOf(["a", "b"]).args));
    const [input, context] = callOf(["c"]).args;
    const trigger = { ...context.options?.trigger, ...change };
    await handler(input, { ...context, options: { trigger } });
    expect(seen).toEqual(["a", "b", "c"]);
  });

  test("of many in a session handles nothing behind a failed message, which keeps its attempts", async () => {
    const attempts: [string, number][] = [];
    const handler = createHandler(grouped, functionsEvents(), ({ body }, { attempt }) => {
      attempts.push([body.orderId, attempt]);
      if (body.orderId === "a1" && attempt < 3) throw DOWN;
    });
    for (const attempt of [1, 2, 3]) {
      const messages = ["a1", "a2"].map((orderId) => ({ body: { orderId }, attempt }));
      const call = handler(...functionsInvocation(grouped, messages).args);
      if (attempt < 3) await rejection(call);
      else await call;
    }
    expect(attempts).toEqual([
      ["a1", 1],
      ["a1", 2],
      ["a1", 3],
      ["a2", 1],
    ]);
  });

  test("waits for a retry's delay in the call, because the host gives back at once", async () => {
    const clock = createVirtualClock();
    const handler = createHandler(
      orders,
      functionsEvents(),
      () => {
        throw new RetryError({ delay: "9s" });
      },
      { clock },
    );
    const startedAtMs = clock.now();
    await rejection(passing(clock, handler(...callOf(["a"]).args)));
    expect(clock.now() - startedAtMs).toBe(9_000);
  });

  test("says once what it cannot do, in the function's log and as an event", async () => {
    const notices: string[] = [];
    const options: HandlerOptions = { listener: { notice: ({ text }) => notices.push(text) } };
    const handler = createHandler(orders, functionsEvents(), () => {}, options);
    const first = callOf(["a"]);
    await handler(...first.args);
    expect(first.warnings).toEqual([expect.stringContaining("cannot dead-letter")]);
    const many = callOf(["a", "b"]);
    await handler(...many.args);
    expect(many.warnings).toEqual([
      expect.stringContaining("all of them come back"),
      expect.stringContaining("renews no lock"),
    ]);
    const third = callOf(["a", "b"]);
    await handler(...third.args);
    expect(third.warnings).toEqual([]);
    expect(notices.map((text) => `anyqueue: ${text}`)).toEqual([...first.warnings, ...many.warnings]);
  });

  test("gives a dead letter back at once, and reports it, where nothing may be sent", async () => {
    const failed: string[] = [];
    const options: HandlerOptions = {
      listener: { "dead-letter-failed": ({ error }) => failed.push(error.code) },
    };
    const handler = createHandler(
      orders,
      functionsEvents(),
      () => {
        throw new DeadLetterError("no such customer");
      },
      options,
    );
    await rejection(handler(...callOf(["a"]).args));
    expect(failed).toEqual(["UNSUPPORTED"]);
  });
});

describe("locks that nobody renews", () => {
  test("are lost in time with the default binding, and the handler is told", async () => {
    const clock = createVirtualClock();
    const reasons: unknown[] = [];
    const source = functionsEvents({ lockDuration: "30s" });
    const handler = createHandler(
      orders,
      source,
      async (_message, { signal }) => {
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        reasons.push(signal.reason);
      },
      { clock },
    );
    await rejection(passing(clock, handler(...callOf(["a", "b"]).args)));
    expect(clock.now()).toBeGreaterThanOrEqual(30_000);
    expect(reasons).toMatchObject([{ code: "LEASE_LOST" }, { code: "LEASE_LOST" }]);
  });
});

describe("the time that a function has", () => {
  test("stops it before the host does: signals abort, and the unfinished is given back", async () => {
    const clock = createVirtualClock();
    const source = functionsEvents({ functionTimeout: "5m", clock });
    const reasons: unknown[] = [];
    const handler = createHandler(
      orders,
      source,
      async ({ body }, { signal }) => {
        if (body.orderId === "a") return;
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        reasons.push(signal.reason);
        throw signal.reason as Error;
      },
      { clock },
    );
    const call = callOf(["a", "b"], { binding: "sdk" });
    await passing(clock, handler(...call.args));
    expect(clock.now()).toBe(290_000);
    expect(reasons).toMatchObject([{ code: "CANCELLED" }]);
    expect(call.settled).toEqual([
      { id: "a", as: "completed" },
      { id: "b", as: "abandoned" },
    ]);
  });

  test("that is over already starts nothing: all is given back, by throwing with the default binding", async () => {
    const clock = createVirtualClock();
    const seen: string[] = [];
    // Less than the time that is kept free for stopping.
    const source = functionsEvents({ functionTimeout: "500ms", clock });
    const handler = createHandler(orders, source, ({ id }) => void seen.push(id), { clock });
    const error = await rejection(passing(clock, handler(...callOf(["a", "b"]).args)));
    expect(error).toMatchObject({ code: "UNAVAILABLE" });
    const call = callOf(["a", "b"], { binding: "sdk" });
    await passing(clock, handler(...call.args));
    expect(call.settled).toEqual([
      { id: "a", as: "abandoned" },
      { id: "b", as: "abandoned" },
    ]);
    expect(seen).toEqual([]);
  });
});

test("a batch handler gets the messages of a call together", async () => {
  const call = callOf(["a", "b", "c"], { binding: "sdk" });
  const sizes: number[] = [];
  const handler = createBatchHandler(orders, functionsEvents(), async (messages) => {
    sizes.push(messages.length);
    return await Promise.allSettled(
      messages.map(async ({ body }) => {
        if (body.orderId === "b") throw DOWN;
      }),
    );
  });
  await handler(...call.args);
  expect(sizes).toEqual([3]);
  expect(call.settled.map(({ as }) => as).toSorted()).toEqual(["abandoned", "completed", "completed"]);
});

test.each([
  [{ cardinality: "few" }, 'cardinality: expected "one" or "many"'],
  [{ functionTimeout: "5" }, "functionTimeout"],
  [{ lockDuration: 30 }, "lockDuration"],
  [{ call: {} }, 'did you mean "calls"?'],
  [{ calls: {} }, "what serviceBusCalls() returns"],
  [{ clock: {} }, "clock: expected"],
  [null, "expected an object of options"],
])("options that cannot be are refused when the source is made: %o", (options, words) => {
  expect(() => functionsEvents(options as FunctionsEventsOptions)).toThrow(words);
});
