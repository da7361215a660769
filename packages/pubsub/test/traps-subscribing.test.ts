import { createClient, defineQueue, unchecked } from "@anyqueue/core";
import type { ConsumerDriver, QueueAdapter } from "@anyqueue/core/adapter";
import type { Message, PubSub, Subscription } from "@google-cloud/pubsub";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pubsub } from "../src/index.ts";
import { consumerOptions, never, openAdapter, queue, rejection } from "./open-adapter.ts";
import { rawClient, rawSubscriber } from "./raw-sdk.ts";
import { ackFailure, GrpcError, ScriptedServer, stored, until } from "./scripted-server.ts";

// Each test first shows a trap with Google's own client, then that the adapter does not fall into it.

const ASK = { maxItems: 10, waitMs: 20_000 };
const SUBSCRIPTION = "projects/p/subscriptions/orders";

let server: ScriptedServer;
let raw: PubSub;
let adapter: QueueAdapter;

beforeEach(async () => {
  server = await ScriptedServer.start();
  raw = rawClient(server.endpoint);
  adapter = openAdapter(server.endpoint);
});

afterEach(async () => {
  await Promise.all([raw.close(), adapter.close()]);
  server.close();
});

async function opened(flow = 10): Promise<ConsumerDriver<unknown>> {
  const options = consumerOptions({ flow: { maxOutstanding: flow, lanes: flow } });
  const consumer = adapter.openConsumer(queue(adapter), options);
  await consumer.open?.(never);
  return consumer;
}

/** Listens, and returns the first message that a stream brings. */
async function firstMessage(subscription: Subscription, ...messages: readonly object[]): Promise<Message> {
  const arrived = new Promise<Message>((resolve) => subscription.once("message", resolve));
  subscription.on("message", () => {});
  await until(() => server.streams.length > 0);
  server.stream(0).send({ receivedMessages: messages.length > 0 ? messages : [stored("1", "a")] });
  return await arrived;
}

const rooms = (): readonly number[] =>
  server.streams.map(({ opening }) => Number(opening["maxOutstandingMessages"]));

describe("flow control", () => {
  test("trap: each of the SDK's streams has all of it", async () => {
    const subscription = raw.subscription("orders", { flowControl: { maxMessages: 2 } });
    subscription.on("message", () => {}).on("error", () => {});
    await until(() => server.streams.length === 2);
    expect(rooms()).toEqual([2, 2]);
    await subscription.close();
  });

  test("the streams here have it together", async () => {
    const consumer = await opened(2);
    await consumer.setFlow?.({ maxOutstanding: 5, lanes: 5 }, never);
    await until(() => server.streams.length === 2);
    expect(rooms()).toEqual([2, 3]);
    await consumer.close();
  });
});

describe("close", () => {
  test("trap: gives messages back that handlers of the SDK still work on, and their ack is then lost", async () => {
    const subscription = raw.subscription("orders");
    const message = await firstMessage(subscription);
    await subscription.close();
    expect(server.requests("ModifyAckDeadline")).toContainEqual(
      expect.objectContaining({ ackIds: ["ack-1"], ackDeadlineSeconds: 0 }),
    );
    message.ack();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(server.count("Acknowledge")).toBe(0);
  });

  test("here waits for them, and acknowledges them", async () => {
    const client = createClient(`pubsub://p?endpoint=${server.endpoint}`, [pubsub()]);
    const orders = defineQueue("orders", { retry: { attempts: "unlimited" }, deadLetter: "none" });
    const consumer = client.consumer(orders);
    const { promise, resolve } = Promise.withResolvers<void>();
    let isStarted = false;
    const run = consumer.run(async () => {
      isStarted = true;
      await promise;
    });
    await until(() => server.streams.length > 0);
    server.stream(0).send({ receivedMessages: [stored("1", "{}")] });
    await until(() => isStarted);
    const closed = consumer.close();
    resolve();
    expect(await closed).toEqual({ handled: 1, released: 0, unsettled: 0, abandoned: 0 });
    await run;
    expect(server.requests("Acknowledge")).toEqual([{ subscription: SUBSCRIPTION, ackIds: ["ack-1"] }]);
    const released = server
      .requests("ModifyAckDeadline")
      .filter(({ ackDeadlineSeconds }) => ackDeadlineSeconds === 0);
    expect(released).toEqual([]);
    await client.close();
  });
});

describe("an acknowledgement that fails", () => {
  test("trap: succeeds in the SDK without exactly-once, whatever the service says", async () => {
    server.answer("Acknowledge", () => new GrpcError(status.PERMISSION_DENIED, "no"));
    const subscription = raw.subscription("orders");
    const message = await firstMessage(subscription);
    expect(await message.ackWithResponse()).toBe("SUCCESS");
    await subscription.close();
  });

  test("is reported here", async () => {
    server.answer("Acknowledge", () => new GrpcError(status.PERMISSION_DENIED, "no"));
    const consumer = await opened();
    server.stream(0).send({ receivedMessages: [stored("1", "a")] });
    const [delivery] = await consumer.receiveBatch(ASK, never);
    const [result] = await consumer.ackBatch([delivery?.handle], never);
    expect(result?.ok === false && adapter.classify(result.error, "ack").code).toBe("ACCESS_DENIED");
    await consumer.close();
  });
});

describe("one refused id under exactly-once", () => {
  const refusal = ackFailure({ "ack-1": "PERMANENT_FAILURE_INVALID_ACK_ID" });

  test("trap: fails its whole batch in the SDK", async () => {
    server.properties = { exactlyOnceDeliveryEnabled: true };
    server.answer("Acknowledge", () => refusal);
    const subscription = raw.subscription("orders");
    const results: Promise<unknown>[] = [];
    subscription.on("message", (message: Message) => {
      results.push(
        message.ackWithResponse().then(
          () => "ok",
          (error: unknown) => String(error),
        ),
      );
    });
    await until(() => server.streams.length > 0);
    server.stream(0).send({ receivedMessages: [stored("1", "a"), stored("2", "b")] });
    await until(() => results.length === 2);
    const [bad, good] = await Promise.all(results);
    expect(bad).toContain("INVALID");
    expect(good).not.toBe("ok");
    await subscription.close();
  });

  test("fails itself here and nothing else", async () => {
    server.properties = { exactlyOnceDeliveryEnabled: true };
    server.answer("Acknowledge", () => refusal);
    const consumer = await opened();
    server.stream(0).send({ receivedMessages: [stored("1", "a"), stored("2", "b")] });
    const deliveries = await consumer.receiveBatch(ASK, never);
    const results = await consumer.ackBatch(
      deliveries.map(({ handle }) => handle),
      never,
    );
    expect(results.map(({ ok }) => ok)).toEqual([false, true]);
    await consumer.close();
  });
});

describe("messages of one key", () => {
  const keyed = (id: string): ReturnType<typeof stored> =>
    stored(id, "{}", { message: { orderingKey: "k" } });

  test("trap: are given to the SDK's handlers at the same time", async () => {
    const subscription = raw.subscription("orders");
    let running = 0;
    subscription.on("message", () => {
      running += 1;
    });
    await firstMessage(subscription, keyed("1"), keyed("2"), keyed("3"));
    await until(() => running === 3);
    expect(running).toBe(3);
    await subscription.close();
  });

  test("run one after the other here", async () => {
    server.answer("GetSubscription", () => ({ enableMessageOrdering: true }));
    const client = createClient(`pubsub://p?endpoint=${server.endpoint}`, [pubsub()]);
    const policy = { retry: { attempts: "unlimited" }, deadLetter: "none" } as const;
    const consumer = client.consumer(
      defineQueue("orders", { schema: unchecked(), ...policy, needs: ["ordering"] }),
    );
    const order: string[] = [];
    const run = consumer.run(async ({ providerId }) => {
      order.push(`${providerId} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`${providerId} ends`);
    });
    await until(() => server.streams.length > 0);
    server.stream(0).send({ receivedMessages: [keyed("1"), keyed("2"), keyed("3")] });
    await until(() => order.length === 6);
    expect(order).toEqual(["1", "2", "3"].flatMap((id) => [`${id} begins`, `${id} ends`]));
    await consumer.close();
    await run;
    await client.close();
  });
});

describe("a stream that ends for good", () => {
  test.each([status.NOT_FOUND, status.UNKNOWN])(
    "trap: ends the SDK's subscription with status %i",
    async (code) => {
      const subscription = raw.subscription("orders", { streamingOptions: { maxStreams: 1 } });
      const closed = new Promise((resolve) => subscription.once("close", resolve));
      const failed = new Promise((resolve) => subscription.once("error", resolve));
      subscription.on("message", () => {});
      await until(() => server.streams.length > 0);
      server.stream(0).end(new GrpcError(code, "ended"));
      expect(await failed).toMatchObject({ code });
      await closed;
      expect(server.streams).toHaveLength(1);
    },
  );

  test("is reported here, and the next ask begins anew", async () => {
    const consumer = await opened();
    const asked = rejection(consumer.receiveBatch(ASK, never));
    server.stream(0).end(new GrpcError(status.UNKNOWN, "ended"));
    expect(adapter.classify(await asked, "receive")).toMatchObject({ code: "UNAVAILABLE", retryable: true });
    const again = consumer.receiveBatch(ASK, never);
    await until(() => server.streams.length === 2);
    server.stream(1).send({ receivedMessages: [stored("1", "a")] });
    expect(await again).toHaveLength(1);
    await consumer.close();
  });
});

describe("an empty pull", () => {
  test("trap: ends with DEADLINE_EXCEEDED in the SDK, and cannot be cancelled", async () => {
    server.answer("Pull", () => "hang");
    const subscriber = await rawSubscriber(server.endpoint);
    const pulling = subscriber.pull(
      { subscription: SUBSCRIPTION, maxMessages: 1 },
      { timeout: 100, retry: null },
    );
    expect("cancel" in pulling).toBe(false);
    expect(await rejection(pulling)).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    await subscriber.close();
  });

  test("is an empty answer here, in the time that was given", async () => {
    server.answer("Pull", () => "hang");
    const consumer = adapter.openConsumer(queue(adapter), consumerOptions({ mode: "pull" }));
    expect(await consumer.receiveBatch({ maxItems: 1, waitMs: 100 }, never)).toEqual([]);
    await consumer.close();
  });
});

test("trap: a subscription without a dead-letter policy counts 0 deliveries in the SDK; here it counts none", async () => {
  const subscription = raw.subscription("orders");
  const message = await firstMessage(subscription);
  expect(message.deliveryAttempt).toBe(0);
  await subscription.close();
  const consumer = await opened();
  server.stream(-1).send({ receivedMessages: [stored("1", "a")] });
  const [delivery] = await consumer.receiveBatch(ASK, never);
  expect(delivery).not.toHaveProperty("deliveryCount");
  await consumer.close();
});
