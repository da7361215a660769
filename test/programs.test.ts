import { memory, recorder, testQueues } from "@anyqueue/memory";
import {
  createClient,
  deadLetters,
  DeadLetterError,
  defineQueue,
  defineTopic,
  idempotency,
  memoryIdempotencyStore,
  RetryError,
  route,
  runWorker,
  type Handler,
  type WorkerProcess,
} from "@anyqueue/core";
import { connect } from "@anyqueue/core/auto";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";

const Order = z.object({
  orderId: z.string(),
  customerId: z.string(),
  total: z.number(),
  note: z.string().default(""),
});
const orders = defineQueue("orders", { schema: Order, retry: { attempts: 5 } });
const orderOf = (orderId: string, customerId = "c") => ({ orderId, customerId, total: 1 });

async function queues() {
  const made = await testQueues();
  onTestFinished(async () => await made[Symbol.asyncDispose]());
  return made;
}

test("a worker handles what a producer sends, with the schema's output as body", async () => {
  const t = await queues();
  const seen = recorder<z.output<typeof Order>>();
  const run = t.client.consumer(orders, { concurrency: 8 }).run(seen);
  const sent = await t.client.producer(orders).send(orderOf("o-1"));
  const [message] = await seen.received(1);
  expect(message).toMatchObject({ id: sent.id, body: { orderId: "o-1", note: "" } });
  await t.idle();
  expect(await t.client.close()).toMatchObject({ handled: 1, abandoned: 0 });
  await run;
});

test("a handler that keeps failing ends in the dead letters, decoded like the message it was", async () => {
  const t = await queues();
  const run = t.client.consumer(orders).run(async () => {
    throw new Error("down");
  });
  await t.client.producer(orders).send(orderOf("1"));
  await t.advance("1h");
  await t.idle();
  const dead = t.deadLettered(orders);
  expect(dead.map(({ body }) => body.orderId)).toEqual(["1"]);
  expect(dead[0]?.deadLettered?.attempts).toBe(5);
  void run;
});

test("orders of one customer are handled in the order in which they were sent", async () => {
  const t = await queues();
  const perCustomer = defineQueue("per-customer", {
    schema: Order,
    orderingKey: (order) => order.customerId,
    id: (order) => order.orderId,
  });
  const seen = recorder<z.output<typeof Order>>();
  void t.client.consumer(perCustomer).run(seen);
  const producer = t.client.producer(perCustomer);
  const ids = Array.from({ length: 30 }, (_, index) => `${index}`);
  await producer.sendMany(ids.map((id) => ({ body: orderOf(id, `c-${Number(id) % 3}`) })));
  await seen.received(30);
  for (const customer of ["c-0", "c-1", "c-2"]) {
    const handled = seen.messages
      .filter(({ orderingKey }) => orderingKey === customer)
      .map(({ id }) => Number(id));
    expect(handled).toEqual(handled.toSorted((a, b) => a - b));
    expect(handled).toHaveLength(10);
  }
});

test("a delayed message is handled when it is due and not before", async () => {
  const t = await queues();
  const reminders = defineQueue("reminders", { schema: Order, needs: ["delay"] });
  const seen = recorder<z.output<typeof Order>>();
  void t.client.consumer(reminders).run(seen);
  await t.client.producer(reminders).send(orderOf("1"), { delay: "10m" });
  await t.advance("9m");
  expect(seen.runs).toHaveLength(0);
  await t.advance("2m");
  expect(seen.runs).toHaveLength(1);
});

test("each type of message goes to its handler, an unknown one to the dead letters", async () => {
  const t = await queues();
  type Event = { type: "placed"; orderId: string } | { type: "cancelled"; reason: string };
  const events = defineQueue<Event>("events");
  const seen: string[] = [];
  const handler = route(events, "type", {
    placed: ({ body }) => seen.push(body.orderId),
    cancelled: ({ body }) => seen.push(body.reason),
  });
  void t.client.consumer(events).run(handler);
  const producer = t.client.producer(events);
  await producer.send({ type: "placed", orderId: "o-1" });
  await producer.send({ type: "cancelled", reason: "late" });
  await producer.send({ type: "shipped" } as never);
  await t.idle();
  expect(seen.toSorted()).toEqual(["late", "o-1"]);
  expect(t.deadLettered(events)[0]?.reason).toContain("shipped");
});

test("throwing controls one message: retry after a delay, or dead-letter now", async () => {
  const t = await queues();
  const calls = defineQueue("calls", { schema: Order, retry: { attempts: 3, delay: "1s" } });
  const attempts: number[] = [];
  const onCall: Handler<z.output<typeof Order>> = (_message, { attempt, isLastAttempt }) => {
    attempts.push(attempt);
    if (isLastAttempt) throw new DeadLetterError("given up");
    throw new RetryError({ delay: "30s" });
  };
  void t.client.consumer(calls).run(onCall);
  await t.client.producer(calls).send(orderOf("1"));
  await t.advance("29s");
  expect(attempts).toEqual([1]);
  await t.advance("2m");
  expect(attempts).toEqual([1, 2, 3]);
  expect(t.deadLettered(calls)[0]?.reason).toBe("given up");
});

test("dead letters are read as bytes, and redriven by choice", async () => {
  const t = await queues();
  const failing = t.client.consumer(orders);
  const run = failing.run(() => {
    throw new DeadLetterError("not now");
  });
  const producer = t.client.producer(orders);
  for (const tenant of ["a", "b", "a"]) await producer.send(orderOf(tenant), { attributes: { tenant } });
  await t.idle();
  await failing.close();
  await run;
  expect(await t.client.admin.inspect(orders)).toMatchObject({ ready: 0, deadLettered: 3 });
  const progress: number[] = [];
  const filter = (message: { attributes: Readonly<Record<string, string>> }) =>
    message.attributes["tenant"] === "a";
  for await (const { moved } of t.client.admin.redrive(orders, { max: 100, filter })) progress.push(moved);
  expect(progress.at(-1)).toBe(2);
  expect(await t.client.admin.inspect(orders)).toMatchObject({ ready: 2, deadLettered: 1 });

  const dead = t.client.consumer(deadLetters(orders));
  for (const message of await dead.receive({ max: 10 })) {
    expect(message.body).toBeInstanceOf(Uint8Array);
    expect(message).toMatchObject({ attributes: { tenant: "b" }, deadLettered: { reason: "not now" } });
    await message.ack();
  }
  const seen = recorder<z.output<typeof Order>>();
  void t.client.consumer(orders).run(seen);
  await seen.received(2);
  expect(seen.runs.map(({ attempt }) => attempt)).toEqual([1, 1]);
});

test("a topic gives each subscription its own copy", async () => {
  const t = await queues();
  const placed = defineTopic("order-placed", { schema: Order, orderingKey: (order) => order.customerId });
  const subscribers = ["billing", "shipping"].map((name) =>
    placed.subscription(name, { retry: { attempts: 3 } }),
  );
  const seen = await Promise.all(
    subscribers.map(async (subscription) => {
      await t.client.admin.create(subscription);
      const handler = recorder<z.output<typeof Order>>();
      void t.client.consumer(subscription).run(handler);
      return handler;
    }),
  );
  await t.client.producer(placed).send(orderOf("1"));
  for (const handler of seen) expect((await handler.received(1))[0]?.body.orderId).toBe("1");
});

test("one idempotency store serves two subscriptions and stops duplicates of each", async () => {
  const store = memoryIdempotencyStore();
  const t = await testQueues({ client: { middleware: [idempotency({ store })] } });
  onTestFinished(async () => await t[Symbol.asyncDispose]());
  const placed = defineTopic<string>("placed");
  const subscriptions = [placed.subscription("billing"), placed.subscription("shipping")];
  const runs: string[] = [];
  for (const subscription of subscriptions) {
    await t.client.admin.create(subscription);
    void t.client.consumer(subscription).run(({ id }) => runs.push(`${subscription.name} ${id}`));
  }
  const producer = t.client.producer(placed);
  await producer.send("x", { id: "m-1" });
  await producer.send("x", { id: "m-1" });
  await t.idle();
  expect(runs.toSorted()).toEqual(["billing m-1", "shipping m-1"]);
});

test("a batch handler acks what fulfilled and retries what rejected", async () => {
  const t = await queues();
  const failed = new Set<string>();
  const handled: string[] = [];
  void t.client.consumer(orders).runBatch(
    async (messages) =>
      await Promise.allSettled(
        messages.map(async ({ body: { orderId } }) => {
          if (orderId === "2" && !failed.has(orderId)) {
            failed.add(orderId);
            throw new Error("once");
          }
          handled.push(orderId);
        }),
      ),
  );
  await t.client.producer(orders).sendMany(["1", "2", "3"].map((id) => ({ body: orderOf(id) })));
  await t.advance("10m");
  await t.idle();
  expect(handled.toSorted()).toEqual(["1", "2", "3"]);
});

test("a consumer is an async iterable; leaving the loop gives the rest back", async () => {
  const t = await queues();
  await t.client.producer(orders).sendMany(["1", "2"].map((id) => ({ body: orderOf(id) })));
  const consumer = t.client.consumer(orders);
  for await (const message of consumer) {
    await message.ack();
    break;
  }
  await consumer.close();
  expect(await t.client.admin.inspect(orders)).toMatchObject({ ready: 1, inFlight: 0 });
});

test("the same program runs under configured names, on twenty queues, until a signal", async () => {
  const names = Array.from({ length: 20 }, (_, index) => `q${index}`);
  const client = createClient({ url: "memory:", prefix: "prod-", queues: { q0: "renamed" } }, [memory()]);
  const definitions = names.map((name) => defineQueue<string>(name));
  await client.verify(...definitions);
  const seen = recorder<string>();
  const listeners: (() => void)[] = [];
  const process: WorkerProcess = {
    on: (_, listener) => listeners.push(listener),
    off: () => {},
    exit: () => {},
  };
  const runs = definitions.map(async (queue) => await client.consumer(queue, { concurrency: 2 }).run(seen));
  const worker = runWorker(client, runs, { process });
  for (const queue of definitions) await client.producer(queue).send(queue.name);
  await seen.received(20);
  expect(seen.messages.map(({ body }) => body).toSorted()).toEqual(names.toSorted());
  expect(await client.admin.list()).toHaveLength(19);
  listeners[0]?.();
  await worker;
  expect(() => client.producer(orders)).toThrow("CLOSED");
});

test("connect() imports the package that the configuration names", async () => {
  const client = await connect({ url: "memory:", queues: { calls: { url: "memory://other" } } });
  onTestFinished(async () => void (await client.close()));
  await client.producer(orders).send(orderOf("1"));
  const [message] = await client.consumer(orders).receive({ wait: "1s" });
  expect(message?.body.orderId).toBe("1");
  await message?.ack();
});
