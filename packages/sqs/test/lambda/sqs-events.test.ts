import {
  DeadLetterError,
  defineQueue,
  QueueError,
  unchecked,
  type Handler,
  type Source,
} from "@anyqueue/core";
import { createVirtualClock } from "@anyqueue/core/testing";
import { createHandler, type HandlerOptions } from "@anyqueue/serverless";
import type { SQSRecord } from "aws-lambda";
import { assert, describe, expect, test } from "vitest";
import { sqsCalls } from "../../src/index.ts";
import { sqsEvents, type SqsBatchResponse, type SqsEvent, type SqsEventsOptions } from "../../src/lambda.ts";
import { lambdaContext, lambdaEvent } from "../../src/testing.ts";

interface Order {
  readonly orderId: string;
}

const orders = defineQueue<Order>("orders", { retry: { attempts: 3 } });
const ALL_FINE: SqsBatchResponse = { batchItemFailures: [] };

/** Makes a handler that fails for the named orders. */
function failing(...ids: readonly string[]): Handler<Order> {
  return ({ body }) => {
    if (ids.includes(body.orderId)) throw new Error(`${body.orderId} is down`);
  };
}

/** Groups orders by the first letter of their id. */
const grouped = defineQueue("orders", {
  schema: unchecked<Order>(),
  orderingKey: ({ orderId }) => orderId.slice(0, 1),
});

function eventOf(ids: readonly string[], definition: Source<Order> = orders, queue?: string): SqsEvent {
  return lambdaEvent(
    definition,
    ids.map((orderId) => ({ body: { orderId }, messageId: `m-${orderId}` })),
    { queue },
  );
}

/** As in a handwritten event. */
function withoutArn({ Records }: SqsEvent): SqsEvent {
  return { Records: Records.map((record) => ({ ...record, eventSourceARN: undefined as never })) };
}

function failures(response: SqsBatchResponse): readonly string[] {
  return response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

describe("the response to a standard queue", () => {
  test.each([
    ["nothing failed", [], []],
    ["one failed", ["b"], ["m-b"]],
    ["several failed", ["a", "c"], ["m-a", "m-c"]],
    ["all failed", ["a", "b", "c"], ["m-a", "m-b", "m-c"]],
  ])("lists the failed messages by their ids, and only these: %s", async (_what, failed, expected) => {
    const handler = createHandler(orders, sqsEvents(), failing(...failed));
    expect(failures(await handler(eventOf(["a", "b", "c"])))).toEqual(expected);
  });

  test("to an event without records is an empty list", async () => {
    expect(await createHandler(orders, sqsEvents(), failing())({ Records: [] })).toEqual(ALL_FINE);
  });

  test("to an event without records needs no queue, although the function may call SQS", async () => {
    const source = sqsEvents({ calls: sqsCalls({ changeVisibility: true }) });
    expect(await createHandler(orders, source, failing())({ Records: [] })).toEqual(ALL_FINE);
  });

  test("is a list of its own every time", async () => {
    const handler = createHandler(orders, sqsEvents(), failing("b"));
    const [first, second] = await Promise.all([handler(eventOf(["a"])), handler(eventOf(["b"]))]);
    expect([failures(first), failures(second)]).toEqual([[], ["m-b"]]);
  });

  test("names only ids of the event, none empty, none twice", async () => {
    const ids = Array.from({ length: 10_000 }, (_, index) => `${index}`);
    const handler = createHandler(orders, sqsEvents(), ({ body }) => {
      if (Number(body.orderId) % 3 === 0) throw new Error("down");
    });
    const listed = failures(await handler(eventOf(ids), lambdaContext("15m")));
    expect(listed).toHaveLength(3_334);
    expect(new Set(listed).size).toBe(3_334);
    expect(listed.every((id) => ids.includes(id.slice(2)))).toBe(true);
  });

  test("lists what shall be dead-lettered where the function cannot move it: the redrive policy does", async () => {
    const handler = createHandler(orders, sqsEvents(), () => {
      throw new DeadLetterError("bad");
    });
    expect(failures(await handler(eventOf(["a"])))).toEqual(["m-a"]);
  });

  test("handles a message that the event brings twice once, and answers for its one id", async () => {
    const seen: unknown[] = [];
    const twice = lambdaEvent(orders, [
      { body: { orderId: "a" }, messageId: "m", receiptHandle: "old" },
      { body: { orderId: "b" } },
      { body: { orderId: "a" }, messageId: "m", receiptHandle: "new", attempt: 2 },
    ]);
    const handler = createHandler(orders, sqsEvents(), ({ body, native }, { attempt }) => {
      seen.push([body.orderId, (native as SQSRecord).receiptHandle, attempt]);
      if (body.orderId === "a") throw new Error("down");
    });
    expect(failures(await handler(twice))).toEqual(["m"]);
    expect(seen).toEqual([
      ["a", "new", 2],
      ["b", expect.any(String), 1],
    ]);
  });
});

describe("the response to a FIFO queue", () => {
  test("lists the followers of a failed message too, unhandled; other groups are not touched", async () => {
    const seen: string[] = [];
    const handler = createHandler(orders, sqsEvents(), ({ body }) => {
      seen.push(body.orderId);
      if (body.orderId === "a2") throw new Error("down");
    });
    const event = eventOf(["a1", "a2", "b1", "a3", "b2", "a4"], grouped);
    expect(failures(await handler(event))).toEqual(["m-a2", "m-a3", "m-a4"]);
    expect(seen.toSorted()).toEqual(["a1", "a2", "b1", "b2"]);
  });

  test("lists everything later with the scope of the batch", async () => {
    const seen: string[] = [];
    const source = sqsEvents({ fifoFailureScope: "batch" });
    const handler = createHandler(
      orders,
      source,
      ({ body }) => {
        seen.push(body.orderId);
        if (body.orderId === "a1") throw new Error("down");
      },
      { concurrency: 1 },
    );
    const event = eventOf(["b1", "a1", "b2", "c1"], grouped);
    expect(failures(await handler(event))).toEqual(["m-a1", "m-b2", "m-c1"]);
    expect(seen).toEqual(["b1", "a1"]);
  });

  test.each([
    ["its name", eventOf(["a", "b", "c"], orders, "orders.fifo")],
    ["the groups of its messages", withoutArn(eventOf(["a", "b", "c"], grouped))],
  ])("lists everything later with that scope where only %s shows that it is one", async (_, event) => {
    const source = sqsEvents({ fifoFailureScope: "batch" });
    const handler = createHandler(orders, source, failing("a"), { concurrency: 1 });
    expect(failures(await handler(event))).toEqual(["m-a", "m-b", "m-c"]);
  });

  test("keeps the attempts of followers, whose receives SQS counts although nothing handled them", async () => {
    const attempts: [string, number][] = [];
    const handler = createHandler(grouped, sqsEvents(), ({ body }, { attempt }) => {
      attempts.push([body.orderId, attempt]);
      if (body.orderId === "a1" && attempt < 3) throw new Error("down");
    });
    for (const attempt of [1, 2, 3]) {
      const messages = ["a1", "a2"].map((orderId) => ({ body: { orderId }, messageId: orderId, attempt }));
      await handler(lambdaEvent(grouped, messages));
    }
    expect(attempts).toEqual([
      ["a1", 1],
      ["a1", 2],
      ["a1", 3],
      ["a2", 1],
    ]);
  });

  test("has no such scope on a standard queue, whose messages have no order", async () => {
    const handler = createHandler(orders, sqsEvents({ fifoFailureScope: "batch" }), failing("a"), {
      concurrency: 1,
    });
    expect(failures(await handler(eventOf(["a", "b", "c"])))).toEqual(["m-a"]);
  });

  test("lets messages of ours without a key wait for nobody", async () => {
    const handler = createHandler(orders, sqsEvents(), failing("a"));
    expect(failures(await handler(eventOf(["a", "b"], orders, "orders.fifo")))).toEqual(["m-a"]);
  });
});

describe("mode throw", () => {
  const source = (): ReturnType<typeof sqsEvents> => sqsEvents({ mode: "throw" });

  test("answers like a mapping without partial responses expects it if all is well", async () => {
    expect(await createHandler(orders, source(), failing())(eventOf(["a", "b"]))).toEqual(ALL_FINE);
  });

  test("rejects as soon as one message failed, so that none is deleted", async () => {
    const handler = createHandler(orders, source(), failing("b", "c"));
    const error = await handler(eventOf(["a", "b", "c"])).catch((thrown: unknown) => thrown);
    assert(error instanceof QueueError && error.cause instanceof AggregateError);
    expect(error.message).toContain("2 of 3 messages");
    expect(error.cause.errors.map(String)).toEqual(["Error: b is down", "Error: c is down"]);
  });

  test("handles only what failed when the event comes again to the same process", async () => {
    const seen: string[] = [];
    let isDown = true;
    const handler = createHandler(orders, source(), ({ body }) => {
      seen.push(body.orderId);
      if (body.orderId === "b" && isDown) throw new Error("down");
    });
    await expect(handler(eventOf(["a", "b"]))).rejects.toThrow("1 of 2 messages");
    isDown = false;
    expect(await handler(eventOf(["a", "b"]))).toEqual(ALL_FINE);
    expect(seen).toEqual(["a", "b", "b"]);
  });
});

describe("the time that Lambda gives", () => {
  test("stops the function in time: signals abort, and the unfinished is listed", async () => {
    const clock = createVirtualClock();
    const reasons: unknown[] = [];
    const slow: Handler<Order> = async (_message, { signal }) => {
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason);
          clock.setTimer(resolve, 60_000);
        });
      });
    };
    const options: HandlerOptions = { clock, concurrency: 2 };
    const handler = createHandler(
      orders,
      sqsEvents(),
      async (message, context) => (message.body.orderId === "a" ? undefined : await slow(message, context)),
      options,
    );
    const reply = handler(eventOf(["a", "b", "c", "d"]), lambdaContext("10s", clock));
    await clock.advance("9s");
    await clock.advance("999ms");
    expect(failures(await reply)).toEqual(["m-b", "m-c", "m-d"]);
    expect(reasons).toMatchObject([{ code: "CANCELLED" }, { code: "CANCELLED" }]);
  });

  test("that is over already starts nothing", async () => {
    const seen: unknown[] = [];
    const handler = createHandler(orders, sqsEvents(), (message) => seen.push(message));
    expect(failures(await handler(eventOf(["a"]), { getRemainingTimeInMillis: () => 0 }))).toEqual(["m-a"]);
    expect(seen).toEqual([]);
  });
});

test.each([
  [null, "expected an object of options"],
  [{ mode: "partly" }, 'mode: expected "partial" or "throw"'],
  [{ fifoFailureScope: "all" }, "fifoFailureScope"],
  [{ call: {} }, 'did you mean "calls"?'],
  [{ calls: {} }, "what sqsCalls() returns"],
])("options that cannot be are refused when the source is made: %o", (options, words) => {
  expect(() => sqsEvents(options as SqsEventsOptions)).toThrow(words);
});
