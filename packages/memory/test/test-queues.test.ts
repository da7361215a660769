import { bytes, DeadLetterError, defineQueue, defineTopic, RetryError } from "@anyqueue/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { testQueues } from "../src/index.ts";

const Order = z.object({
  orderId: z.string(),
  customerId: z.string(),
  total: z.number(),
  note: z.string().default(""),
});
const orders = defineQueue("orders", { schema: Order, retry: { attempts: 5 } });
const order = { orderId: "o-1", customerId: "c-1", total: 1 };

describe("testQueues", () => {
  test("shows after an hour what a failing handler left among the dead letters", async () => {
    await using t = await testQueues();
    const seen = t.recorder(() => {
      throw new Error("down");
    });
    const run = t.client.consumer(orders).run(seen);
    await t.client.producer(orders).send(order);
    await t.advance("1h");
    await t.idle();

    expect(t.deadLettered(orders)).toMatchObject([{ body: { ...order, note: "" } }]);
    expect(t.deadLettered(orders)[0]?.reason).not.toBe("");
    expect(seen.runs.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5]);
    await t.client.close();
    expect(await run).toMatchObject({ handled: 1, released: 0, abandoned: 0 });
  });

  test("is idle when all is handled, without time passing to speak of", async () => {
    await using t = await testQueues();
    const startedAtMs = t.clock.now();
    const seen = t.recorder();
    void t.client.consumer(orders).run(seen);
    for (let n = 0; n < 50; n += 1) await t.client.producer(orders).send({ ...order, total: n });
    await t.idle();

    expect(seen.messages).toHaveLength(50);
    expect(t.clock.now() - startedAtMs).toBeLessThanOrEqual(100);
    expect(await t.client.admin.inspect(orders)).toMatchObject({ ready: 0, inFlight: 0 });
  });

  test("is idle while a message waits for its retry", async () => {
    await using t = await testQueues();
    const seen = t.recorder(({ body }) => {
      if (seen.runs.length === 1) throw new RetryError({ delay: "10m" });
      return body;
    });
    void t.client.consumer(orders).run(seen);
    await t.client.producer(orders).send(order);
    await t.idle();
    expect(seen.runs).toHaveLength(1);
    await t.advance("10m");
    await t.idle();

    expect(seen.runs.map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  test("is idle only when a handler that waits for something else is done", async () => {
    await using t = await testQueues();
    let finish = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const seen = t.recorder(() => gate);
    void t.client.consumer(orders).run(seen);
    await t.client.producer(orders).send(order);
    let isIdle = false;
    const idle = t.idle().then(() => {
      isIdle = true;
    });
    await seen.received(1);
    await t.clock.settle();
    expect(isIdle).toBe(false);
    finish();
    await idle;

    expect(await t.client.admin.inspect(orders)).toMatchObject({ ready: 0, inFlight: 0 });
  });

  test("holds the dead letters of a subscription", async () => {
    await using t = await testQueues();
    const placed = defineTopic("placed", { schema: Order });
    const billing = placed.subscription("billing");
    await t.client.admin.create(billing);
    void t.client.consumer(billing).run(() => {
      throw new DeadLetterError("no such account");
    });
    await t.client.producer(placed).send(order);
    await t.idle();

    expect(t.deadLettered(billing)).toMatchObject([{ reason: "no such account", body: order }]);
  });

  test("counts a dead letter that cannot be decoded, and refuses to decode it", async () => {
    await using t = await testQueues();
    const loose = defineQueue("orders");
    void t.client.consumer(orders).run(() => undefined);
    await t.client.producer(loose).send({ orderId: 7 });
    await t.idle();
    const [letter, ...others] = t.deadLettered(orders);

    expect(others).toEqual([]);
    expect(letter?.reason).toContain("INVALID_MESSAGE");
    expect(() => letter?.body).toThrow(/INVALID_MESSAGE/);
  });

  test("lets planned faults hit, which the engine gets over", async () => {
    await using t = await testQueues({ faults: [{ on: "send", effect: { fail: "THROTTLED" } }] });
    t.faults.add({ on: "ack", effect: { fail: "UNAVAILABLE" } });
    t.faults.add({ on: "receive", nth: 2, effect: { fail: "CONNECTION_LOST" } });
    const seen = t.recorder();
    void t.client.consumer(orders).run(seen);
    const sent = t.client.producer(orders).send(order);
    await t.advance("1m");
    await sent;
    await t.idle();

    expect(seen.messages).toHaveLength(1);
    expect(t.faults.pending).toEqual([]);
    expect(t.deadLettered(orders)).toEqual([]);
  });

  test("keeps the bytes that were sent, whatever the sender does to its array meanwhile", async () => {
    await using t = await testQueues();
    const files = defineQueue<Uint8Array>("files", { codec: bytes() });
    const body = Buffer.from([1, 2, 3]);
    const sent = t.client.producer(files).send(body);
    body.fill(7);
    await sent;
    body.fill(8);
    const [message] = await t.client.consumer(files).receive();

    expect(message?.body).toEqual(new Uint8Array([1, 2, 3]));
  });

  test("retries at moments that its seed decides", async () => {
    const momentsOf = async (seed?: number): Promise<number[]> => {
      await using t = await testQueues({ seed });
      const moments: number[] = [];
      void t.client.consumer(orders).run(() => {
        moments.push(t.clock.now());
        throw new Error("down");
      });
      await t.client.producer(orders).send(order);
      await t.advance("1h");
      return moments;
    };

    expect(await momentsOf(7)).toEqual(await momentsOf(7));
    expect(await momentsOf()).toEqual(await momentsOf());
    expect(await momentsOf(7)).not.toEqual(await momentsOf(8));
  });

  test("hands over in the order of its seed", async () => {
    const orderOf = async (seed: number): Promise<number[]> => {
      await using t = await testQueues({ seed });
      const seen = t.recorder<z.output<typeof Order>>();
      await t.client
        .producer(orders)
        .sendMany(Array.from({ length: 20 }, (_, total) => ({ body: { ...order, total } })));
      void t.client.consumer(orders, { concurrency: 1 }).run(seen);
      await t.idle();
      return seen.messages.map(({ body }) => body.total);
    };

    expect(await orderOf(1)).toEqual(await orderOf(1));
    expect(await orderOf(1)).not.toEqual(await orderOf(2));
  });

  test("starts at the wall time that it was given", async () => {
    const startAt = new Date("2030-05-06T07:08:09Z");
    await using t = await testQueues({ startAt });
    const seen = t.recorder();
    void t.client.consumer(orders).run(seen);
    await t.client.producer(orders).send(order);
    await t.idle();

    expect(seen.messages[0]?.enqueuedAt).toEqual(startAt);
  });

  test.each(["2026-01-01", new Date(Number.NaN)])("refuses to start at %j", async (startAt) => {
    await expect(testQueues({ startAt: startAt as Date })).rejects.toThrow(
      "INVALID_ARGUMENT: testQueues(): startAt: expected a valid Date",
    );
  });

  test("closes by itself under a handler that never ends", async () => {
    const t = await testQueues();
    const run = t.client.consumer(orders).run(() => new Promise(() => undefined));
    await t.client.producer(orders).send(order);
    await t.clock.settle();
    await t[Symbol.asyncDispose]();

    expect(await run).toMatchObject({ handled: 0, abandoned: 1 });
  });
});

// Times of retries have fractions, and the record of a death is in whole milliseconds.
test.each(["0ms", "0.6ms"] as const)(
  "a redrive ends although what it moves fails again at once, and no time passes: after %s",
  async (after) => {
    await using t = await testQueues();
    const { client, clock } = t;
    await t.advance(after);
    const run = client.consumer(orders).run(() => {
      throw new DeadLetterError("no such customer");
    });
    for (let total = 0; total < 3; total += 1) await client.producer(orders).send({ ...order, total });
    await clock.settle();

    let moved = 0;
    for await (const progress of client.admin.redrive(orders, { filter: () => true })) {
      ({ moved } = progress);
      await clock.settle();
      if (moved > 3) break;
    }
    expect(moved).toBe(3);
    expect(t.deadLettered(orders)).toHaveLength(3);
    await client.close();
    await run;
  },
);
