import { expect, test, vi } from "vitest";
import { findQueue, requireProvider } from "./queue-place.ts";

test.each([
  ["orders", "sqs://eu-west-1", { scheme: "sqs", authority: "eu-west-1", entity: "orders", name: "orders" }],
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
  expect(await findQueue(queue, url)).toMatchObject(place);
});

test("the endpoint of a connection goes with it", async () => {
  const place = await findQueue("sqs://eu-west-1/orders?endpoint=http://127.0.0.1:9324", undefined);
  expect(place.parameters.get("endpoint")).toBe("http://127.0.0.1:9324");
});

test("the environment names connection and prefix, and a variable moves one queue", async () => {
  vi.stubEnv("ANYQUEUE_URL", "sqs://eu-west-1");
  vi.stubEnv("ANYQUEUE_PREFIX", "prod-");
  vi.stubEnv("ANYQUEUE_CALLS_URL", "memory://elsewhere/old-calls");
  expect(await findQueue("orders", undefined)).toMatchObject({ scheme: "sqs", entity: "prod-orders" });
  expect(await findQueue("calls", undefined)).toMatchObject({ scheme: "memory", entity: "old-calls" });
});

test("another provider than the platform's is refused by name", async () => {
  const place = await findQueue("orders", "memory:");
  expect(() => requireProvider(place, "sqs", "lambda")).toThrow(
    "WRONG_PROVIDER: orders is on memory:, and --runtime lambda is fed by sqs:.",
  );
});
