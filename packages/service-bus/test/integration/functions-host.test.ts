import { bytes, DeadLetterError, deadLetters, defineQueue, unchecked, type Message } from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import { describe, expect, test } from "vitest";
import { functionsActions, functionsEvents } from "../../src/azure-functions.ts";
import { functionsBench, type Registration } from "../functions/functions-bench.ts";

interface Order {
  readonly orderId: string;
}

const bench = functionsBench();
const RETRY = { attempts: 3, delay: "0s" } as const;
const BINDINGS: readonly (readonly [string, Omit<Registration, "queueName">])[] = [
  ["the default binding, one text", { binding: "text", cardinality: "one" }],
  ["the default binding, one", { binding: "binary", cardinality: "one" }],
  ["the default binding, many", { binding: "binary", cardinality: "many" }],
  ["the SDK binding, one", { binding: "sdk", cardinality: "one" }],
  ["the SDK binding, many", { binding: "sdk", cardinality: "many" }],
];

let queues = 0;

async function newQueue(
  settings: { requiresSession?: boolean; maxDeliveryCount?: number } = {},
): Promise<string> {
  queues += 1;
  const name = `functions-${queues}`;
  await bench().admin.createQueue(name, { lockDuration: "PT5M", ...settings });
  return name;
}

describe.each(BINDINGS)("a function of @azure/functions with %s", (_name, registration) => {
  test("completes what it handled, and gets again what it failed on", async () => {
    const { client, entity, host } = bench();
    const queueName = await newQueue();
    const orders = defineQueue<Order>(queueName, { retry: RETRY });
    await client()
      .producer(orders)
      .sendMany(["a", "b", "c"].map((orderId) => ({ body: { orderId } })));
    const done: string[] = [];
    const attempts: number[] = [];
    const handler = createHandler(orders, functionsEvents(), ({ body }, { attempt }) => {
      if (body.orderId === "b") attempts.push(attempt);
      if (body.orderId === "b" && attempt < 3) throw new Error("down");
      done.push(body.orderId);
    });
    await host(handler, { queueName, ...registration }, () => entity(queueName).messages.length === 0);
    expect(done.toSorted()).toEqual(["a", "b", "c"]);
    expect(attempts).toEqual([1, 2, 3]);
    expect(entity(queueName).deadLetters).toEqual([]);
  });

  test("leaves a poison message to the queue or dead-letters it, and loses nothing", async () => {
    const { client, entity, host } = bench();
    const queueName = await newQueue({ maxDeliveryCount: 4 });
    const orders = defineQueue<Order>(queueName, { retry: RETRY });
    await client().producer(orders).send({ orderId: "a" });
    const handler = createHandler(orders, functionsEvents(), () => {
      throw new DeadLetterError("no such customer");
    });
    await host(handler, { queueName, ...registration }, () => entity(queueName).deadLetters.length === 1);
    const [dead] = await client().consumer(deadLetters(orders)).receive();
    const isSdk = registration.binding === "sdk";
    expect(Buffer.from(dead?.body ?? []).toString()).toBe('{"orderId":"a"}');
    expect(dead?.deadLettered).toMatchObject(
      isSdk ? { reason: "no such customer", attempts: 1 } : { reason: "MaxDeliveryCountExceeded" },
    );
    await dead?.ack();
  });

  test("gets id, attributes and order key as they were sent", async () => {
    const { client, entity, host } = bench();
    const queueName = await newQueue({ requiresSession: true });
    const orders = defineQueue(queueName, {
      schema: unchecked<Order>(),
      orderingKey: ({ orderId }: Order) => orderId.slice(0, 1),
      retry: RETRY,
    });
    await client()
      .producer(orders)
      .send({ orderId: "x1" }, { id: "42", attributes: { tenant: "a", empty: "" } });
    const seen: Message<Order>[] = [];
    const handler = createHandler(orders, functionsEvents(), (message) => void seen.push(message));
    const registered = { queueName, ...registration, isSessionsEnabled: true };
    await host(handler, registered, () => entity(queueName).messages.length === 0);
    expect(seen[0]).toMatchObject({
      id: "42",
      body: { orderId: "x1" },
      attributes: { tenant: "a", empty: "" },
      orderingKey: "x",
      contentType: "application/json",
    });
    expect(seen[0]?.providerId).toMatch(/^\d+$/);
    expect(seen[0]?.enqueuedAt).toBeInstanceOf(Date);
  });
});

describe("sessions", () => {
  test.each(BINDINGS)(
    "keep their order with %s, and no follower is handled before a failed message",
    async (_name, registration) => {
      const { client, entity, host } = bench();
      const queueName = await newQueue({ requiresSession: true });
      const orders = defineQueue(queueName, {
        schema: unchecked<Order>(),
        orderingKey: ({ orderId }: Order) => orderId.slice(0, 1),
        retry: RETRY,
      });
      const ids = ["a1", "b1", "a2", "a3", "b2", "a4"];
      await client()
        .producer(orders)
        .sendMany(ids.map((orderId) => ({ body: { orderId } })));
      const runs: string[] = [];
      const handler = createHandler(orders, functionsEvents(), ({ body }, { attempt }) => {
        runs.push(`${body.orderId}#${attempt}`);
        if (body.orderId === "a2" && attempt < 3) throw new Error("down");
      });
      const registered = { queueName, ...registration, isSessionsEnabled: true };
      await host(handler, registered, () => entity(queueName).messages.length === 0, { concurrency: 2 });
      expect(runs.filter((run) => run.startsWith("a"))).toEqual([
        "a1#1",
        "a2#1",
        "a2#2",
        "a2#3",
        "a3#1",
        "a4#1",
      ]);
      expect(runs.filter((run) => run.startsWith("b"))).toEqual(["b1#1", "b2#1"]);
    },
  );
});

test.each(["binary", "sdk"] as const)(
  "a binary body arrives byte by byte with the %s binding",
  async (binding) => {
    const { client, entity, host } = bench();
    const queueName = await newQueue();
    const files = defineQueue<Uint8Array>(queueName, { codec: bytes() });
    const file = Uint8Array.from({ length: 256 }, (_, index) => index);
    await client()
      .producer(files)
      .sendMany([{ body: file }, { body: new Uint8Array(0) }]);
    const seen: Uint8Array[] = [];
    const handler = createHandler(files, functionsEvents(), ({ body }) => void seen.push(body));
    await host(
      handler,
      { queueName, binding, cardinality: "many" },
      () => entity(queueName).messages.length === 0,
    );
    expect(seen.map((body) => body.length).toSorted((a, b) => a - b)).toEqual([0, 256]);
    expect(Buffer.from(seen.find((body) => body.length > 0) ?? [])).toEqual(Buffer.from(file));
  },
);

test("a binary body that comes as text is refused, and stays", async () => {
  const { client, entity, host } = bench();
  const queueName = await newQueue({ maxDeliveryCount: 2 });
  const files = defineQueue<Uint8Array>(queueName, { codec: bytes() });
  await client().producer(files).send(Uint8Array.of(255, 254));
  const handler = createHandler(files, functionsEvents(), () => {});
  const calls = await host(
    handler,
    { queueName, binding: "text" },
    () => entity(queueName).deadLetters.length === 1,
  );
  expect(calls).toMatchObject([
    { error: { code: "INVALID_ARGUMENT" } },
    { error: { message: expect.stringContaining('dataType: "binary"') } },
  ]);
});

test("a message that is set aside stays in its queue, deferred, and is received by its number", async () => {
  const { client, entity, host, sdk } = bench();
  const queueName = await newQueue();
  const orders = defineQueue<Order>(queueName, { retry: RETRY });
  await client().producer(orders).send({ orderId: "a" });
  const numbers: string[] = [];
  const handler = createHandler(orders, functionsEvents(), async (message) => {
    numbers.push(await functionsActions(message).defer({ stage: "waiting" }));
  });
  await host(handler, { queueName, binding: "sdk" }, () => numbers.length === 1);
  expect(entity(queueName).messages).toMatchObject([
    { state: "deferred", applicationProperties: { stage: "waiting" } },
  ]);
  const receiver = sdk.createReceiver(queueName);
  const peeked = await receiver.peekMessages(1);
  expect(peeked[0]?.sequenceNumber?.toString()).toBe(numbers[0]);
  await receiver.close();
});

test("session state is kept by the host", async () => {
  const { client, entity, host, sdk } = bench();
  const queueName = await newQueue({ requiresSession: true });
  const orders = defineQueue(queueName, { schema: unchecked<Order>(), orderingKey: () => "one" });
  await client().producer(orders).send({ orderId: "a" });
  const handler = createHandler(orders, functionsEvents(), async (message) => {
    await functionsActions(message).setSessionState(Buffer.from("half"));
  });
  await host(
    handler,
    { queueName, binding: "sdk", isSessionsEnabled: true },
    () => entity(queueName).messages.length === 0,
  );
  const session = await sdk.acceptSession(queueName, "one");
  expect(String(await session.getSessionState())).toBe("half");
  await session.close();
});

describe("with calls", () => {
  test("a dead letter goes to its queue with its reason, then the message is completed", async () => {
    const { calls, client, entity, host } = bench();
    const queueName = await newQueue();
    const deadName = await newQueue();
    const orders = defineQueue<Order>(queueName, { retry: RETRY });
    await client()
      .producer(orders)
      .sendMany([{ body: { orderId: "a" } }, { body: { orderId: "b" } }]);
    const source = functionsEvents({ calls: calls(deadName) });
    const handler = createHandler(orders, source, ({ body }) => {
      if (body.orderId === "a") throw new DeadLetterError("no such customer");
    });
    const registration: Registration = { queueName, cardinality: "many" };
    const made = await host(handler, registration, () => entity(queueName).messages.length === 0);
    expect(made).toMatchObject([{}]);
    expect(made[0]?.error).toBeUndefined();
    expect(entity(queueName).deadLetters).toEqual([]);
    expect(entity(deadName).messages).toMatchObject([
      { applicationProperties: { "aq-dead-reason": "no such customer" } },
    ]);
  });

  test("a copy that cannot be sent leaves the message in its queue", async () => {
    const { calls, client, entity, host } = bench();
    const queueName = await newQueue({ maxDeliveryCount: 2 });
    const orders = defineQueue<Order>(queueName, { retry: RETRY });
    await client().producer(orders).send({ orderId: "a" });
    const codes: string[] = [];
    const handler = createHandler(
      orders,
      functionsEvents({ calls: calls("nowhere") }),
      () => {
        throw new DeadLetterError("no such customer");
      },
      { listener: { "dead-letter-failed": ({ error }) => codes.push(error.code) } },
    );
    await host(handler, { queueName }, () => entity(queueName).deadLetters.length === 1);
    expect(codes).toEqual(["NOT_FOUND", "NOT_FOUND"]);
  });
});

test("the extension's preview is not seen by @azure/functions 4.16: the function is not even called", async () => {
  const { client, entity, host } = bench();
  const queueName = await newQueue({ maxDeliveryCount: 1 });
  const orders = defineQueue<Order>(queueName);
  await client().producer(orders).send({ orderId: "a" });
  let calls = 0;
  const handler = createHandler(orders, functionsEvents(), () => void (calls += 1));
  const registration: Registration = { queueName, binding: "sdk" };
  const made = await host(handler, registration, () => entity(queueName).deadLetters.length === 1, {
    library: "@azure/functions",
  });
  expect(calls).toBe(0);
  expect(String(made[0]?.error)).toContain("is not registered");
});
