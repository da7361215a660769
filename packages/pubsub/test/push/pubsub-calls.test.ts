import { DeadLetterError, defineQueue, unchecked, type Handler } from "@anyqueue/core";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { createHandler } from "@anyqueue/serverless";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pubsubCalls, type PubsubCallsOptions } from "../../src/index.ts";
import { pubsubEvents, pushRequests } from "../../src/push.ts";
import { pubsubEvent, pushRequest } from "../../src/testing.ts";
import { rawClient } from "../raw-sdk.ts";
import { collecting, orders, type Order } from "./push-bench.ts";

const keyed = defineQueue("orders", {
  schema: unchecked<Order>(),
  orderingKey: ({ orderId }: Order) => orderId,
  retry: { attempts: 2 },
});
const refusing: Handler<Order> = () => {
  throw new DeadLetterError("no such customer");
};

let emulator: Emulator;
let sdk: ReturnType<typeof rawClient>;

beforeAll(async () => {
  emulator = await startEmulator({ pubsubPort: 0 });
  sdk = rawClient(emulator.endpoints.pubsub ?? "");
});

beforeEach(async () => {
  emulator.reset();
  const [dead] = await sdk.createTopic("projects/p/topics/orders-dead");
  await dead.createSubscription("orders-dead", { enableMessageOrdering: true });
});

afterAll(async () => {
  await sdk.close();
  await emulator.close();
});

function calls(deadLetterTopic = "orders-dead"): ReturnType<typeof pubsubCalls> {
  return pubsubCalls({ deadLetterTopic, endpoint: emulator.endpoints.pubsub });
}

function deadMessages(): readonly Readonly<Record<string, unknown>>[] {
  const [subscription] = emulator.pubsub.subscriptions();
  return (subscription?.messages ?? []) as readonly never[];
}

describe("a dead letter is published, then the push is answered as handled", () => {
  test("with its id, key, attributes, reason and attempts, in the subscription's own project", async () => {
    const push = createHandler(keyed, pushRequests({ trustPlatform: true, calls: calls() }), refusing);
    const message = { body: { orderId: "o-1" }, id: "my-id", attributes: { tenant: "a" }, attempt: 2 };
    expect((await push(pushRequest(keyed, message, { project: "p" }))).status).toBe(204);
    const [dead] = deadMessages();
    expect(dead).toMatchObject({
      orderingKey: "o-1",
      attributes: { "aq-id": "my-id", tenant: "a", "content-type": "application/json" },
    });
    expect(JSON.stringify(dead)).toContain("no such customer");
  });

  test("of a sender without anyqueue, which said no content type", async () => {
    const push = createHandler(orders, pushRequests({ trustPlatform: true, calls: calls() }), refusing);
    const body = JSON.stringify({
      message: {
        messageId: "1",
        data: Buffer.from("no json").toString("base64"),
        attributes: { tenant: "a" },
      },
      subscription: "projects/p/subscriptions/orders",
    });
    expect((await push(new Request("http://127.0.0.1/", { method: "POST", body }))).status).toBe(204);
    expect(Object.keys(deadMessages()[0]?.["attributes"] as object)).not.toContain("content-type");
  });

  test("to a topic by its full name, whatever the subscription's project is, from a CloudEvent too", async () => {
    const source = pubsubEvents({ trustPlatform: true, calls: calls("projects/p/topics/orders-dead") });
    await createHandler(orders, source, refusing)(pubsubEvent(orders, { body: { orderId: "o-1" } }));
    expect(deadMessages()).toHaveLength(1);
  });
});

test.each([
  ["cannot be published", "missing-topic"],
  ["nobody would keep", "topic-without-subscription"],
])("a dead letter that %s stays in its subscription: 500, and reported", async (_why, deadLetterTopic) => {
  await sdk.createTopic("projects/p/topics/topic-without-subscription");
  const { seen, listener } = collecting("dead-letter-failed");
  const source = pushRequests({ trustPlatform: true, calls: calls(deadLetterTopic) });
  const push = createHandler(orders, source, refusing, { listener });
  const response = await push(pushRequest(orders, { body: { orderId: "o-1" } }, { project: "p" }));
  expect(response.status).toBe(500);
  expect(seen).toMatchObject([{ error: { code: "NOT_FOUND", provider: "pubsub" } }]);
});

test.each<[unknown, string]>([
  [undefined, "deadLetterTopic: expected the name of a topic"],
  [{}, "deadLetterTopic: expected the name of a topic"],
  [{ deadLetterTopic: "x" }, "does not name a Pub/Sub topic"],
  [{ deadLetterTopic: "orders-dead", projct: "p" }, 'did you mean "project"?'],
])("options that cannot be are refused when they are written: %o", (options, words) => {
  expect(() => pubsubCalls(options as PubsubCallsOptions)).toThrow(words);
});
