import { bytes, DeadLetterError, defineQueue, unchecked, type Handler, type Message } from "@anyqueue/core";
import { createVirtualClock } from "@anyqueue/core/testing";
import { createHandler } from "@anyqueue/serverless";
import { assert, describe, expect, test } from "vitest";
import { pushRequests } from "../../src/push.ts";
import { pushRequest } from "../../src/testing.ts";
import { collecting, FORMS, orders, TRUSTED, type Order } from "./push-bench.ts";

const fine: Handler<Order> = () => {};
const failing: Handler<Order> = () => {
  throw new Error("down");
};

const keyed = defineQueue("keyed", {
  schema: unchecked<Order>(),
  orderingKey: ({ orderId }: Order) => orderId.slice(0, 1),
});

describe.each(FORMS)("a push over %s", (_name, make) => {
  test.each(["wrapped", "unwrapped"] as const)(
    "that is %s is answered 204 when it was handled",
    async (form) => {
      const seen: Message<Order>[] = [];
      const push = make((message) => void seen.push(message));
      const message = { body: { orderId: "o-1" }, id: "my-id", attributes: { tenant: "a" }, messageId: "17" };
      const response = await push(pushRequest(orders, message, { form }));
      expect([response.status, await response.text()]).toEqual([204, ""]);
      expect(seen).toEqual([
        expect.objectContaining({
          id: "my-id",
          providerId: "17",
          body: { orderId: "o-1" },
          contentType: "application/json",
          enqueuedAt: new Date("2026-01-01T00:00:00Z"),
        }),
      ]);
      expect(seen[0]?.attributes).toEqual({ tenant: "a" });
    },
  );

  test("is answered 500 when its handler threw, so that it comes again", async () => {
    const response = await make(failing)(pushRequest(orders, { body: { orderId: "o-1" } }));
    expect(response.status).toBe(500);
  });

  test("whose message shall be dead-lettered is left to the subscription's policy, which needs a failure", async () => {
    const push = make(() => {
      throw new DeadLetterError("bad");
    });
    expect((await push(pushRequest(orders, { body: { orderId: "o-1" } }))).status).toBe(500);
  });

  test("tells the delivery attempt where the subscription counts", async () => {
    const attempts: number[] = [];
    const push = make((_message, { attempt }) => void attempts.push(attempt));
    for (const form of ["wrapped", "unwrapped"] as const)
      for (const attempt of [1, 3])
        await push(pushRequest(orders, { body: { orderId: "o-1" }, attempt }, { form }));
    expect(attempts).toEqual([1, 3, 1, 3]);
  });

  test("cannot delay one message, and says so once, however many come", async () => {
    const { seen: notices, listener } = collecting("notice");
    const push = make(fine, TRUSTED, { listener });
    for (const orderId of ["o-1", "o-2"]) await push(pushRequest(orders, { body: { orderId } }));
    expect(notices).toEqual([
      { target: "pubsub://my-project/orders", text: expect.stringContaining("cannot delay one message") },
    ]);
  });

  test("of a subscription that does not count has the attempts that this process saw", async () => {
    const attempts: number[] = [];
    const push = make((_message, { attempt }) => {
      attempts.push(attempt);
      throw new Error("down");
    });
    for (let time = 0; time < 3; time += 1)
      await push(pushRequest(orders, { body: { orderId: "o-1" }, messageId: "1" }));
    await push(pushRequest(orders, { body: { orderId: "o-2" }, messageId: "2" }));
    expect(attempts).toEqual([1, 2, 3, 1]);
  });

  test("of two subscriptions of one topic are two messages, each with attempts of its own", async () => {
    const attempts: number[] = [];
    const push = make((_message, { attempt }) => {
      attempts.push(attempt);
      throw new Error("down");
    });
    const message = { body: { orderId: "o-1" }, messageId: "1" };
    for (const subscription of ["one", "one", "two"])
      await push(pushRequest(orders, message, { subscription }));
    expect(attempts).toEqual([1, 2, 1]);
  });

  test("of a message that was handled is answered again without its handler, and reported", async () => {
    const seen: string[] = [];
    const { seen: acked, listener } = collecting("redelivery-acked");
    const push = make(({ id }) => void seen.push(id), TRUSTED, { listener });
    const message = { body: { orderId: "o-1" }, messageId: "1", id: "a" };
    const statuses = [];
    for (let time = 0; time < 3; time += 1) statuses.push((await push(pushRequest(orders, message))).status);
    expect(statuses).toEqual([204, 204, 204]);
    expect(seen).toEqual(["a"]);
    expect(acked.map(({ id }) => id)).toEqual(["a", "a"]);
  });

  test("of a message that is being handled waits for what becomes of it", async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    let runs = 0;
    const push = make(async () => {
      runs += 1;
      begun.resolve();
      await gate.promise;
    });
    const message = { body: { orderId: "o-1" }, messageId: "1" };
    const first = push(pushRequest(orders, message));
    await begun.promise;
    const second = push(pushRequest(orders, message));
    gate.resolve();
    expect([(await first).status, (await second).status]).toEqual([204, 204]);
    expect(runs).toBe(1);
  });

  test("that finds as many messages in hand as are allowed is answered 429, and the next one taken again", async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    let running = 0;
    const push = make(
      async () => {
        running += 1;
        if (running === 2) begun.resolve();
        await gate.promise;
      },
      { trustPlatform: true, maxRequests: 2 },
    );
    const request = (orderId: string): Request => pushRequest(orders, { body: { orderId } });
    const held = [push(request("a")), push(request("b"))];
    await begun.promise;
    const refused = await push(request("c"));
    expect(refused.status).toBe(429);
    expect(await refused.text()).toContain("2 messages are already in hand");
    gate.resolve();
    for (const one of held) expect((await one).status).toBe(204);
    expect((await push(request("d"))).status).toBe(204);
  });

  test("that is longer than allowed is answered 413, with and without a length in its headers", async () => {
    const push = make(fine, { trustPlatform: true, maxBodyBytes: 1_000 });
    const long = { body: { orderId: "x".repeat(2_000_000) } };
    expect((await push(pushRequest(orders, long))).status).toBe(413);
    const streamed = new Request("http://127.0.0.1/", {
      method: "POST",
      body: pushRequest(orders, long).body,
      duplex: "half",
    });
    expect((await push(streamed)).status).toBe(413);
    expect((await push(pushRequest(orders, { body: { orderId: "o-1" } }))).status).toBe(204);
  });

  test("with an empty body, without attributes, in either spelling, is a message", async () => {
    const seen: Message<Uint8Array>[] = [];
    const push = make((message) => void seen.push(message as unknown as Message<Uint8Array>), TRUSTED, {
      onInvalid: "retry",
    });
    const binary = defineQueue<Uint8Array>("binary", { codec: bytes() });
    const all = createHandler(binary, pushRequests(TRUSTED), (message) => void seen.push(message));
    const body = JSON.stringify({ message: { message_id: "9", publish_time: "2026-01-01T00:00:00.5Z" } });
    const response = await all(new Request("http://127.0.0.1/", { method: "POST", body }));
    expect(response.status).toBe(204);
    expect(seen[0]).toMatchObject({
      id: "9",
      attributes: {},
      enqueuedAt: new Date("2026-01-01T00:00:00.500Z"),
    });
    expect(seen[0]?.body).toEqual(new Uint8Array(0));
    expect((await push(new Request("http://127.0.0.1/", { method: "POST", body }))).status).toBe(500);
  });

  test.each(["wrapped", "unwrapped"] as const)("carries every byte, %s", async (form) => {
    const binary = defineQueue<Uint8Array>("binary", { codec: bytes() });
    const body = Uint8Array.from({ length: 256 }, (_, index) => index);
    let seen: Uint8Array | undefined;
    const push = createHandler(binary, pushRequests(TRUSTED), (message) => void (seen = message.body));
    expect((await push(pushRequest(binary, { body }, { form }))).status).toBe(204);
    expect(Buffer.from(seen ?? [])).toEqual(Buffer.from(body));
  });
});

describe("time", () => {
  test("beyond which Pub/Sub would not hear the answer stops a handler, and is answered 503", async () => {
    const clock = createVirtualClock();
    const reasons: unknown[] = [];
    const push = createHandler(
      orders,
      pushRequests({ trustPlatform: true, ackDeadline: "30s", clock }),
      async (_message, { signal }) => {
        const { promise, reject } = Promise.withResolvers<void>();
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason);
          reject(signal.reason);
        });
        await promise;
      },
      { clock },
    );
    const response = push(pushRequest(orders, { body: { orderId: "o-1" } }));
    await clock.advance("26s");
    expect(reasons).toEqual([]);
    await clock.advance("2s");
    expect((await response).status).toBe(503);
    expect(reasons).toMatchObject([{ code: "CANCELLED" }]);
  });

  test("that passes while other handlers run starts none: 503, and the attempt is not counted", async () => {
    const clock = createVirtualClock();
    const gate = Promise.withResolvers<void>();
    const attempts: number[] = [];
    const push = createHandler(
      orders,
      pushRequests({ trustPlatform: true, clock }),
      async ({ body }, { attempt }) => {
        if (body.orderId === "slow") await gate.promise;
        else attempts.push(attempt);
      },
      { clock, concurrency: 1 },
    );
    const slow = push(pushRequest(orders, { body: { orderId: "slow" } }));
    const waiting = push(pushRequest(orders, { body: { orderId: "b" }, messageId: "b", attempt: 1 }));
    await clock.advance("10s");
    expect([(await slow).status, (await waiting).status]).toEqual([503, 503]);
    gate.resolve();
    expect(
      (await push(pushRequest(orders, { body: { orderId: "b" }, messageId: "b", attempt: 2 }))).status,
    ).toBe(204);
    expect(attempts).toEqual([1]);
  });

  test("is what a handled message is remembered for", async () => {
    const clock = createVirtualClock();
    let runs = 0;
    const push = createHandler(
      orders,
      pushRequests({ trustPlatform: true, clock, rememberFor: "1m" }),
      () => void (runs += 1),
      { clock },
    );
    const again = async (): Promise<unknown> =>
      await push(pushRequest(orders, { body: { orderId: "a" }, messageId: "1" }));
    await again();
    await clock.advance("59s");
    await again();
    expect(runs).toBe(1);
    // Each answer starts the time anew.
    await clock.advance("61s");
    await again();
    expect(runs).toBe(2);
  });
});

test("what the engine refuses is answered 500 and reported, and frees what it held", async () => {
  const { seen, listener } = collecting("event-refused");
  const source = pushRequests({ trustPlatform: true, maxRequests: 1 });
  const unordered = {
    ...source,
    receive: async (request: Request) => {
      const batch = await source.receive(request);
      const { target } = batch;
      assert(target !== undefined);
      const capabilities = { ...target.capabilities, ordering: "none" as const };
      return Object.assign(batch, { target: { ...target, capabilities } });
    },
  };
  const push = createHandler(keyed, unordered, () => {}, { listener });
  for (let time = 0; time < 3; time += 1)
    expect((await push(pushRequest(keyed, { body: { orderId: "a" } }))).status).toBe(500);
  expect(seen).toMatchObject([1, 2, 3].map(() => ({ error: { code: "UNSUPPORTED" } })));
});
