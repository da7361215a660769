import { expect, test, vi } from "vitest";
import { findQueue, requireProvider, type QueueNaming, type QueuePlace } from "./queue-place.ts";

const find = async (queue: string, url?: string, more: Partial<QueueNaming> = {}): Promise<QueuePlace> =>
  await findQueue({ queue, url, subscription: undefined, isOrdered: false, ...more });

test.each([
  ["orders", "sqs://eu-west-1", { scheme: "sqs", authority: "eu-west-1", entity: "orders" }],
  ["orders.fifo", "sqs:", { scheme: "sqs", authority: "", entity: "orders.fifo" }],
  [
    "sqs://eu-west-1/orders.fifo",
    undefined,
    { scheme: "sqs", authority: "eu-west-1", entity: "orders.fifo" },
  ],
  [
    "arn:aws:sqs:eu-west-1:123456789012:orders",
    "sqs://eu-west-1",
    { entity: "arn:aws:sqs:eu-west-1:123456789012:orders" },
  ],
])("%s of %s is found", async (queue, url, place) => {
  expect(await find(queue, url)).toMatchObject(place);
});

test("the endpoint of a connection goes with it", async () => {
  const place = await find("sqs://eu-west-1/orders?endpoint=http://127.0.0.1:9324");
  expect(place.parameters["endpoint"]).toBe("http://127.0.0.1:9324");
});

test("the environment names connection and prefix, and a variable moves one queue", async () => {
  vi.stubEnv("ANYQUEUE_URL", "sqs://eu-west-1");
  vi.stubEnv("ANYQUEUE_PREFIX", "prod-");
  vi.stubEnv("ANYQUEUE_CALLS_URL", "memory://elsewhere/old-calls");
  expect(await find("orders")).toMatchObject({ scheme: "sqs", entity: "prod-orders" });
  expect(await find("calls")).toMatchObject({ scheme: "memory", entity: "old-calls" });
});

test.each(["sqs://eu-west-1", "sqs://eu-west-1/", "sqs://eu-west-1?endpoint=http://127.0.0.1:9324/x"])(
  "%s, which names no queue, is refused",
  async (queue) => {
    await expect(find(queue)).rejects.toThrow(
      "NO_SUCH_QUEUE: sqs://eu-west-1 names no queue. Write it behind the place: sqs://eu-west-1/orders.",
    );
  },
);

test("another provider than the platform's is refused by name", async () => {
  const place = await find("orders", "memory:");
  expect(() => requireProvider(place, "sqs", "lambda")).toThrow(
    "WRONG_PROVIDER: orders is on memory:, and --runtime lambda is fed by sqs:.",
  );
});

test("an ordered queue is the one that a client would find", async () => {
  expect(await find("orders", "sqs://eu-west-1", { isOrdered: true })).toMatchObject({
    entity: "orders.fifo",
  });
});

test.each<[string, string, string | undefined, string]>([
  ["placed", "billing", "service-bus://shop", "placed/Subscriptions/billing"],
  ["placed", "billing", "pubsub://shop", "placed-billing"],
  ["placed", "projects/shop/subscriptions/old", "pubsub://shop", "projects/shop/subscriptions/old"],
  ["service-bus://shop/placed.v2", "billing", undefined, "placed.v2/Subscriptions/billing"],
  ["service-bus://shop/placed/Subscriptions/billing", "", undefined, "placed/Subscriptions/billing"],
  ["pubsub://shop/placed/old", "", undefined, "placed/old"],
])("%s with the subscription %j at %s is %s", async (queue, name, url, entity) => {
  const subscription = name === "" ? undefined : name;
  expect((await find(queue, url, { subscription })).entity).toBe(entity);
});

test("a subscription has the names that the configuration gives it", async () => {
  vi.stubEnv("ANYQUEUE_PREFIX", "prod-");
  vi.stubEnv("ANYQUEUE_URL", "service-bus://shop");
  expect((await find("placed", undefined, { subscription: "billing" })).entity).toBe(
    "prod-placed/Subscriptions/billing",
  );
});
