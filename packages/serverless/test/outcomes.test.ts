import { DeadLetterError, defineQueue, RetryError, type Handler } from "@anyqueue/core";
import { RESERVED } from "@anyqueue/core/adapter";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { eventBench, eventually, kinds, orderDelivery, orders, type Order } from "./event-bench.ts";

const failing: Handler<Order> = () => {
  throw new Error("down");
};
const sent = { settle: { deadLetterBatch: async (items: readonly unknown[]) => items.map(() => OK) } };
const OK = { ok: true, value: undefined } as const;

describe("what a handler does decides what the platform is told", () => {
  test.each([undefined, null, 0, false, "text"])("returning %s acknowledges", async (value) => {
    const { call } = eventBench(() => value);
    expect(await call({ deliveries: [orderDelivery("a")] })).toEqual([{ kind: "ack" }]);
  });

  test("throwing releases with the delay of the policy", async () => {
    const { call, emitted } = eventBench(failing);
    const [outcome] = await call({ deliveries: [orderDelivery("a")] });
    expect(outcome).toEqual({ kind: "release", delayMs: 7_000, cause: "retry", error: new Error("down") });
    expect(emitted).toMatchObject([{ name: "handled", event: { id: "a", attempt: 1, outcome: "release" } }]);
  });

  test("RetryError releases with its own delay", async () => {
    const { call } = eventBench(() => {
      throw new RetryError({ delay: "2m" });
    });
    const [outcome] = await call({ deliveries: [orderDelivery("a")] });
    expect(outcome).toMatchObject({ kind: "release", delayMs: 120_000, cause: "retry" });
  });

  test("DeadLetterError dead-letters with its reason", async () => {
    const { call, emitted } = eventBench(
      () => {
        throw new DeadLetterError("no such customer");
      },
      { batch: sent },
    );
    const [outcome] = await call({ deliveries: [orderDelivery("a", { deliveryCount: 2 })] });
    expect(outcome).toMatchObject({
      kind: "dead-letter",
      reason: "no such customer",
      attributes: { [RESERVED.deadAttempts]: "2" },
    });
    expect(emitted).toContainEqual({
      name: "dead-lettered",
      event: { target: "event:orders", id: "a", reason: "no such customer", attempt: 2 },
    });
  });

  test("failing on the last attempt dead-letters, and the handler knew that it was the last", async () => {
    const last: boolean[] = [];
    const { call } = eventBench(
      (_message, { isLastAttempt }) => {
        last.push(isLastAttempt);
        throw new Error("down");
      },
      { batch: sent },
    );
    const deliveries = [2, 3].map((deliveryCount) => orderDelivery("a", { deliveryCount }));
    const outcomes = await call({ deliveries });
    expect(kinds(outcomes)).toEqual(["release", "dead-letter"]);
    expect(outcomes[1]).toMatchObject({ reason: "ATTEMPTS_SPENT" });
    expect(last).toEqual([false, true]);
  });

  test("a dead letter that nothing can move stays in its queue, and is reported", async () => {
    const { call, emitted } = eventBench(() => {
      throw new DeadLetterError("bad");
    });
    expect(kinds(await call({ deliveries: [orderDelivery("a")] }))).toEqual(["release"]);
    expect(emitted).toContainEqual({
      name: "dead-letter-failed",
      event: expect.objectContaining({ error: expect.objectContaining({ code: "UNSUPPORTED" }) }),
    });
  });

  test("a handler over its time is aborted and its message released; its late end is reported", async () => {
    let abortedWith: unknown;
    const { call, clock, emitted } = eventBench(
      async (_message, { signal }) => {
        await new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => {
            abortedWith = signal.reason;
            clock.setTimer(resolve, 5_000);
          });
        });
      },
      { options: { handlerTimeout: "10s" } },
    );
    const outcomes = await eventually(clock, call({ deliveries: [orderDelivery("a")] }));
    expect(outcomes).toMatchObject([{ kind: "release", delayMs: 7_000, cause: "retry" }]);
    expect(abortedWith).toMatchObject({ code: "TIMEOUT" });
    expect(clock.now()).toBe(10_000);
    await clock.advance("5s");
    expect(emitted.map(({ name }) => name)).toEqual(["handled", "late-result"]);
  });
});

describe("a message that cannot be decoded", () => {
  const strict = defineQueue("strict", { schema: z.object({ order: z.string().min(2) }) });
  const bad = { body: new TextEncoder().encode("no json") };

  test.each([
    ["is no JSON", bad],
    ["fails its schema", { body: new TextEncoder().encode('{"order":"x"}') }],
    ["is malformed on the wire", { malformed: "the header is torn" }],
    ["has a content type that nobody knows", { contentType: "application/x-unknown" }],
  ])("because it %s is dead-lettered; its neighbours are handled", async (_why, over) => {
    const seen: string[] = [];
    const { call } = eventBench(({ body }) => seen.push(body.order), { definition: strict, batch: sent });
    const deliveries = [orderDelivery("aa"), orderDelivery("bb", over), orderDelivery("cc")];
    const outcomes = await call({ deliveries });
    expect(kinds(outcomes)).toEqual(["ack", "dead-letter", "ack"]);
    expect(outcomes[1]).toMatchObject({ reason: "INVALID_MESSAGE" });
    expect(seen).toEqual(["aa", "cc"]);
  });

  test("is tried again, or given to a function, where onInvalid says so", async () => {
    const raw: Uint8Array[] = [];
    const retried = eventBench(failing, { options: { onInvalid: "retry" } });
    expect(kinds(await retried.call({ deliveries: [orderDelivery("a", bad)] }))).toEqual(["release"]);
    const taken = eventBench(failing, { options: { onInvalid: ({ body }) => raw.push(body) } });
    expect(kinds(await taken.call({ deliveries: [orderDelivery("a", bad)] }))).toEqual(["ack"]);
    expect(raw).toEqual([bad.body]);
  });
});

describe("emulated times", () => {
  test("an expired message is acknowledged unhandled, an early one released until it is due", async () => {
    const runs: string[] = [];
    const { call, clock, emitted } = eventBench(({ id }) => runs.push(id));
    const at = (ms: number): string => String(clock.wallNow() + ms);
    const outcomes = await call({
      deliveries: [
        orderDelivery("expired", { attributes: { [RESERVED.expires]: at(-1) } }),
        orderDelivery("early", { attributes: { [RESERVED.due]: at(90_000) } }),
        orderDelivery("due", { attributes: { [RESERVED.due]: at(-1) } }),
      ],
    });
    expect(outcomes).toEqual([
      { kind: "ack" },
      { kind: "release", delayMs: 90_000, cause: "unstarted" },
      { kind: "ack" },
    ]);
    expect(runs).toEqual(["due"]);
    expect(emitted.map(({ name }) => name)).toContain("expired");
  });
});

describe("middleware", () => {
  test("runs around every message, and is told the target", async () => {
    const order: string[] = [];
    const { call } = eventBench(({ id }) => order.push(`handler ${id}`), {
      options: {
        middleware: [
          {
            name: "outer",
            handle: async (message, _context, next, target) => {
              order.push(`before ${message.id} of ${target}`);
              await next();
              order.push(`after ${message.id}`);
            },
          },
        ],
      },
    });
    await call({ deliveries: [orderDelivery("a")] });
    expect(order).toEqual(["before a of event:orders", "handler a", "after a"]);
  });
});

test("an event without messages is answered without outcomes", async () => {
  const { call } = eventBench(failing);
  expect(await call({ deliveries: [] })).toEqual([]);
});

test("the policy of the options wins over the definition's", async () => {
  const { call } = eventBench(failing, { options: { retry: { delay: "1m" } } });
  expect(await call({ deliveries: [orderDelivery("a")] })).toMatchObject([{ delayMs: 60_000 }]);
  expect(orders.name).toBe("orders");
});
