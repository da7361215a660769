import {
  createClient,
  deadLetters,
  defineQueue,
  defineTopic,
  unchecked,
  type QueueClient,
  type QueueDefinition,
  type ReceivedMessage,
} from "@anyqueue/core";
import { spawnEmulator, type SpawnedEmulator } from "@anyqueue/emulator";
import { v1 } from "@google-cloud/pubsub";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pubsub, type PubsubOptions } from "../src/index.ts";
import { rejection } from "./open-adapter.ts";
import { rawClient, rawSubscriber } from "./raw-sdk.ts";

let emulator: SpawnedEmulator;
let subscriber: v1.SubscriberClient;
let client: QueueClient;
let names = 0;

beforeAll(async () => {
  emulator = await spawnEmulator({ pubsubPort: 0 });
  subscriber = await rawSubscriber(emulator.endpoints.pubsub ?? "");
});

afterAll(async () => {
  await subscriber.close();
  await emulator.close();
});

beforeEach(() => {
  names += 1;
  client = connect();
});

afterEach(async () => {
  await client.close();
});

function connect(options: PubsubOptions = {}): QueueClient {
  return createClient(`pubsub://p?endpoint=${emulator.endpoints.pubsub ?? ""}`, [pubsub(options)]);
}

async function settingsOf(id: string): Promise<object> {
  const [settings] = await subscriber.getSubscription({ subscription: `projects/p/subscriptions/${id}` });
  return settings;
}

/** Acks all that is available, through a consumer of its own, which remembers nothing. */
async function takeAll(
  definition: QueueDefinition<{ id: string }>,
): Promise<readonly ReceivedMessage<{ id: string }>[]> {
  const other = connect();
  const received = await other.consumer(definition).receive({ max: 10, wait: "10s" });
  await Promise.all(received.map(async (message) => await message.ack()));
  await other.close();
  return received;
}

const fresh = (): string => `queue-${names}`;

describe("create", () => {
  test("makes topic, subscription and dead letters, wired, and nothing that expires", async () => {
    await client.admin.create(defineQueue(fresh(), { lease: "45s", retry: { attempts: 7 } }));
    expect(await settingsOf(fresh())).toMatchObject({
      topic: `projects/p/topics/${fresh()}`,
      ackDeadlineSeconds: 45,
      enableMessageOrdering: false,
      enableExactlyOnceDelivery: false,
      deadLetterPolicy: {
        deadLetterTopic: `projects/p/topics/${fresh()}-dead`,
        maxDeliveryAttempts: 14,
      },
      expirationPolicy: { ttl: null },
    });
    expect(await settingsOf(`${fresh()}-dead`)).toMatchObject({ topic: `projects/p/topics/${fresh()}-dead` });
  });

  test("keeps order where the definition needs it, for its dead letters too", async () => {
    await client.admin.create(defineQueue(fresh(), { schema: unchecked(), needs: ["ordering"] }));
    expect(await settingsOf(fresh())).toMatchObject({ enableMessageOrdering: true });
    expect(await settingsOf(`${fresh()}-dead`)).toMatchObject({ enableMessageOrdering: true });
  });

  test("gives exactly-once delivery, a retry policy and a filter where the provider says so", async () => {
    const other = connect({
      provisioning: {
        exactlyOnce: true,
        retryPolicy: { min: "5s", max: "2m" },
        filters: { [fresh()]: 'attributes.kind = "invoice"' },
      },
    });
    await other.admin.create(defineQueue(fresh()));
    expect(await settingsOf(fresh())).toMatchObject({
      enableExactlyOnceDelivery: true,
      retryPolicy: { minimumBackoff: { seconds: "5" }, maximumBackoff: { seconds: "120" } },
      filter: 'attributes.kind = "invoice"',
    });
    await other.close();
  });

  test("finds a filter by the definition's name, whatever the prefix of the environment", async () => {
    const url = `pubsub://p?endpoint=${emulator.endpoints.pubsub ?? ""}`;
    const filters = { [fresh()]: 'attributes.kind = "invoice"', billing: 'attributes.kind = "bill"' };
    const other = createClient({ url, prefix: "dev-" }, [pubsub({ provisioning: { filters } })]);
    await other.admin.create(defineQueue(fresh()));
    await other.admin.create(defineTopic(`${fresh()}-events`).subscription("billing"));
    expect(await settingsOf(`dev-${fresh()}`)).toMatchObject({ filter: 'attributes.kind = "invoice"' });
    expect(await settingsOf(`dev-${fresh()}-events-billing`)).toMatchObject({
      filter: 'attributes.kind = "bill"',
    });
    await other.close();
  });

  test("of a subscription makes its topic first, and leaves that when the subscription is deleted", async () => {
    const events = defineTopic(fresh());
    const billing = events.subscription("billing");
    await client.admin.create(billing);
    expect(await settingsOf(`${fresh()}-billing`)).toMatchObject({ topic: `projects/p/topics/${fresh()}` });
    await client.admin.delete(billing);
    await client.producer(events).send({});
    expect(await client.admin.list(fresh())).toEqual([fresh(), `${fresh()}-billing-dead`]);
  });

  test("is idempotent, and refuses an entity with other settings by their names", async () => {
    const definition = defineQueue(fresh(), { lease: "45s" });
    await client.admin.create(definition);
    await client.admin.create(definition);
    const other = defineQueue(fresh(), { schema: unchecked(), lease: "50s", needs: ["ordering"] });
    expect(await rejection(client.admin.create(other))).toMatchObject({ code: "ALREADY_EXISTS" });
    expect(await settingsOf(fresh())).toMatchObject({ ackDeadlineSeconds: 45, enableMessageOrdering: false });
  });

  test("refuses a subscription that is there and detached: it would never get anything", async () => {
    const definition = defineQueue(fresh());
    await client.admin.create(definition);
    const publisher = new v1.PublisherClient({
      ...(await rawClient(emulator.endpoints.pubsub ?? "").getClientConfig()),
    });
    await publisher.detachSubscription({ subscription: `projects/p/subscriptions/${fresh()}` });
    await publisher.close();
    expect(await rejection(client.admin.create(definition))).toMatchObject({
      code: "ALREADY_EXISTS",
      message: expect.stringContaining("detachment"),
    });
  });

  test("refuses a subscription that does not keep what was acknowledged where that is asked for", async () => {
    const definition = defineQueue(fresh(), { deadLetter: "none", retry: { attempts: "unlimited" } });
    await client.admin.create(definition);
    const keeping = connect({ provisioning: { replay: "1d" } });
    expect(await rejection(keeping.admin.create(definition))).toMatchObject({
      code: "ALREADY_EXISTS",
      message: expect.stringContaining("another retention of acknowledged messages"),
    });
    await keeping.admin.delete(definition);
    await keeping.admin.create(definition);
    await keeping.admin.create(definition);
    await client.admin.create(definition);
    await keeping.close();
  });

  test("wires nothing where attempts are unlimited, because the service would end what the definition leaves open", async () => {
    await client.admin.create(defineQueue(fresh(), { retry: { attempts: "unlimited" }, deadLetter: "none" }));
    expect(await settingsOf(fresh())).toMatchObject({ deadLetterPolicy: null });
  });
});

describe("the rest", () => {
  test("inspect says that an entity is there and claims no numbers; a missing one is NOT_FOUND", async () => {
    const definition = defineQueue(fresh());
    expect(await rejection(client.admin.inspect(definition))).toMatchObject({ code: "NOT_FOUND" });
    await client.admin.create(definition);
    expect(await client.admin.inspect(definition)).toEqual({ approximate: true });
  });

  test("purge drops what was sent before and nothing that is sent after", async () => {
    const definition = defineQueue<{ id: string }>(fresh());
    await client.admin.create(definition);
    await client.producer(definition).send({ id: "before" });
    await client.admin.purge(definition);
    await client.producer(definition).send({ id: "after" });
    const received = await client.consumer(definition).receive({ max: 10, wait: "10s" });
    expect(received.map(({ body }) => body)).toEqual([{ id: "after" }]);
    await received[0]?.ack();
  });

  test("purge drops what was sent in the millisecond before it, and keeps what is sent in the one after", async () => {
    const definition = defineQueue<{ id: string }>(fresh());
    await client.admin.create(definition);
    const producer = client.producer(definition);
    const consumer = client.consumer(definition);
    for (let round = 0; round < 25; round += 1) {
      // oxlint-disable no-await-in-loop
      await producer.send({ id: `before ${round}` });
      await client.admin.purge(definition);
      await producer.send({ id: `after ${round}` });
      const received = await consumer.receive({ max: 10, wait: "10s" });
      expect(received.map(({ body }) => body)).toEqual([{ id: `after ${round}` }]);
      await received[0]?.ack();
      // oxlint-enable no-await-in-loop
    }
  });

  test("seek brings back what was acknowledged where the subscription keeps it, from the moment on", async () => {
    const keeping = connect({ provisioning: { replay: "10m" } });
    const definition = defineQueue<{ id: string }>(fresh());
    await keeping.admin.create(definition);
    expect(await settingsOf(fresh())).toMatchObject({
      retainAckedMessages: true,
      messageRetentionDuration: { seconds: "600" },
    });
    const producer = keeping.producer(definition);
    await producer.send({ id: "long ago" });
    expect(await takeAll(definition)).toMatchObject([{ body: { id: "long ago" } }]);
    await emulator.control.advance(60_000);
    await producer.send({ id: "since" });
    const [since] = await takeAll(definition);
    await keeping.admin.seek(definition, since?.enqueuedAt ?? new Date());
    expect(await takeAll(definition)).toMatchObject([{ body: { id: "since" } }]);
    await keeping.close();
  });

  test("purge of a topic names the feature that it lacks", async () => {
    // @ts-expect-error -- in JavaScript, it is not refused before
    const purging = client.admin.purge(defineTopic(fresh()));
    expect(await rejection(purging)).toMatchObject({ code: "UNSUPPORTED", feature: "seek" });
  });

  test("list gives every name once, by its beginning", async () => {
    await client.admin.create(defineQueue(fresh()));
    expect(await client.admin.list(fresh())).toEqual([fresh(), `${fresh()}-dead`]);
    expect(await client.admin.list("no-such")).toEqual([]);
  });

  test("delete takes topic and subscription away, and says if neither was there", async () => {
    const definition = defineQueue(fresh(), {
      deadLetter: "none",
      retry: { attempts: "unlimited" },
    });
    await client.admin.create(definition);
    await client.admin.delete(definition);
    expect(await client.admin.list(fresh())).toEqual([]);
    expect(await rejection(client.admin.delete(definition))).toMatchObject({ code: "NOT_FOUND" });
  });

  test("redrive brings dead letters back as they were", async () => {
    const definition = defineQueue<{ id: string }>(fresh(), { retry: { attempts: 1 } });
    await client.admin.create(definition);
    await client.producer(definition).send({ id: "a" }, { id: "m-a", attributes: { tenant: "acme" } });
    const consumer = client.consumer(definition);
    const run = consumer.run(() => {
      throw new Error("never");
    });
    const dead = connect();
    await expect
      .poll(async () => {
        const [letter] = await dead.consumer(deadLetters(definition)).receive({ wait: "1s" });
        await letter?.retry("0ms");
        return letter?.deadLettered?.reason;
      })
      .toBeDefined();
    await consumer.close();
    await run;
    let moved = 0;
    for await (const progress of client.admin.redrive(deadLetters(definition))) ({ moved } = progress);
    expect(moved).toBe(1);
    const [back] = await dead.consumer(definition).receive({ wait: "10s" });
    expect(back).toMatchObject({ id: "m-a", body: { id: "a" }, attributes: { tenant: "acme" } });
    await back?.ack();
    await dead.close();
  });

  test("redrive goes by way of the topic, and is refused where another subscription would get it too", async () => {
    const topic = defineTopic(fresh());
    const queue = defineQueue(topic.name);
    const mail = topic.subscription("mail");
    const redriven = async (of: typeof queue | typeof mail, max?: number): Promise<number> => {
      let total = 0;
      for await (const { moved } of client.admin.redrive(of, max === undefined ? {} : { max })) total = moved;
      return total;
    };
    await client.admin.create(mail);
    expect([await redriven(mail), await redriven(mail, 1)]).toEqual([0, 0]);
    // The subscription of `queue` is another one of the same topic.
    await client.admin.create(queue);
    for (const of of [mail, queue])
      for (const max of [undefined, 1])
        expect(await rejection(redriven(of, max))).toMatchObject({
          code: "UNSUPPORTED",
          message: expect.stringContaining("all 2 subscriptions"),
        });
    await client.admin.delete(mail);
    expect(await redriven(queue, 1)).toBe(0);
  });
});
