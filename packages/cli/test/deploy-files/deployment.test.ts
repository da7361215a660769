import { deadLetters, defineQueue, defineTopic } from "@anyqueue/core";
import { detailsOf } from "@anyqueue/core/testing";
import { describe, expect, test } from "vitest";
import {
  deploymentOf,
  secondsOf,
  type FunctionSettings,
  type Runtime,
} from "../../src/deploy-files/deployment.ts";
import { entityNames } from "../../src/deploy-files/entity-names.ts";
import { deduplicated, ordered, plain, settings, subscription, type Given } from "./a-deployment.ts";

function deployment(
  definition: Given | ReturnType<typeof defineTopic>,
  runtime: Runtime,
  over: Partial<FunctionSettings> = {},
): ReturnType<typeof deploymentOf> {
  const details = detailsOf(definition);
  return deploymentOf(details, entityNames(details, runtime, {}), settings(runtime, over));
}

describe("what cannot be is refused by name", () => {
  test.each([
    [plain, "lambda", { timeoutS: 901 }, "2s to 900s"],
    [plain, "lambda", { timeoutS: 1 }, "2s to 900s"],
    [plain, "azure-functions", { timeoutS: 1 }, "2s to 86400s"],
    [plain, "cloud-run", { timeoutS: 601 }, "1s to 600s"],
    [plain, "lambda", { timeoutS: 0 }, "--function-timeout"],
    [plain, "lambda", { concurrency: 1 }, "2 to 1000"],
    [plain, "azure-functions", { concurrency: 2_147_483_648 }, "2147483647 at most"],
    [plain, "cloud-run", { concurrency: 2_147_483_648 }, "2147483647 at most"],
    [plain, "lambda", { batchSize: 11 }, "--window 1s"],
    [plain, "lambda", { batchSize: 10_001, windowS: 1 }, "10000 at most"],
    [ordered, "lambda", { batchSize: 11, windowS: 1 }, "10 at most of a FIFO queue"],
    [ordered, "lambda", { windowS: 1 }, "a FIFO queue has none"],
    [plain, "lambda", { windowS: 301 }, "up to 300s"],
    [plain, "azure-functions", { windowS: 1 }, "azure-functions has none"],
    [plain, "azure-functions", { batchSize: 1_001 }, "1000 at most"],
    [plain, "cloud-run", { batchSize: 2 }, "1 at most"],
    [subscription, "lambda", {}, "Amazon SQS has no topics"],
    [deduplicated, "cloud-run", {}, "Pub/Sub does not have"],
    [deadLetters(plain), "lambda", {}, "dead-letter, which no function consumes"],
    [defineTopic("t"), "azure-functions", {}, "topic, which no function consumes"],
  ] as [Given, Runtime, Partial<FunctionSettings>, string][])(
    "%o for %s with %o",
    (definition, runtime, over, words) => {
      expect(() => deployment(definition, runtime, over)).toThrow(words);
    },
  );

  test.each([
    [plain, "lambda", { prefix: "p".repeat(75) }, "and not longer than 80"],
    [plain, "lambda", { prefix: "p".repeat(70) }, `"${"p".repeat(70)}orders-dead"`],
    [plain, "lambda", { queues: { orders: "my.orders" } }, '"my.orders"'],
    [plain, "lambda", { prefix: "prod env-" }, '"prod env-orders", "prod env-orders-dead"'],
    [subscription, "azure-functions", { queues: { "shop-events": { name: "a/" } } }, '"a/"'],
    [
      subscription,
      "azure-functions",
      { queues: { "shop-events": { subscriptions: { billing: "b".repeat(51) } } } },
      "1 to 50 letters",
    ],
    [defineQueue("2fast"), "cloud-run", {}, '"2fast", "2fast-dead"'],
    [plain, "cloud-run", { prefix: "google-" }, "google-orders"],
  ] as [Given, Runtime, Parameters<typeof entityNames>[2], string][])(
    "a name that the provider does not take: %o for %s with %o",
    (definition, runtime, config, words) => {
      const details = detailsOf(definition);
      const names = entityNames(details, runtime, config);
      expect(() => deploymentOf(details, names, settings(runtime))).toThrow(words);
    },
  );

  test.each([
    ["lambda", 1_000],
    ["azure-functions", 2_000],
    ["cloud-run", 100],
  ] as const)("more attempts than the service of %s makes deliveries: %i", (runtime, max) => {
    const given = (attempts: number): Given => defineQueue("orders", { retry: { attempts } });
    expect(() => deployment(given(max + 1), runtime)).toThrow(
      `orders has ${max + 1} attempts, but the service dead-letters after ${max} deliveries at most`,
    );
    expect(deployment(given(max), runtime).maxDeliveries).toBe(max);
  });

  test("all at once", () => {
    expect(() => deployment(plain, "lambda", { timeoutS: 901, concurrency: 1 })).toThrow(
      /--function-timeout.*; --concurrency/,
    );
  });
});

describe("the service moves a message only after the engine would have", () => {
  const unlimited = defineQueue("orders", { retry: { attempts: "unlimited" } });
  const staying = defineQueue("orders", { deadLetter: "none" });
  const once = defineQueue("orders", { retry: { attempts: 1 } });
  const often = defineQueue("orders", { retry: { attempts: 900 } });
  const fifty = defineQueue("orders", { retry: { attempts: 51 } });
  const endless = defineQueue("orders", { retry: { attempts: 900 }, deadLetter: "none" });

  test.each([
    [plain, "lambda", 10],
    [ordered, "lambda", 50],
    [plain, "azure-functions", 10],
    [plain, "cloud-run", 10],
    [once, "lambda", 6],
    [once, "cloud-run", 6],
    [often, "lambda", 1_000],
    [often, "azure-functions", 1_800],
    [fifty, "cloud-run", 100],
    [endless, "cloud-run", 100],
    [unlimited, "lambda", 1_000],
    [unlimited, "azure-functions", 2_000],
    [unlimited, "cloud-run", 100],
    [staying, "azure-functions", 2_000],
  ] as [Given, Runtime, number][])("%o for %s after %i deliveries", (definition, runtime, deliveries) => {
    expect(deployment(definition, runtime).maxDeliveries).toBe(deliveries);
  });
});

describe("names", () => {
  const names = (definition: Given, runtime: Runtime, config: Parameters<typeof entityNames>[2]): unknown =>
    entityNames(detailsOf(definition), runtime, config);

  test.each([
    [plain, "lambda", {}, { queue: "orders", topic: undefined, deadLetter: "orders-dead" }],
    [
      ordered,
      "lambda",
      { prefix: "prod-" },
      { queue: "prod-orders.fifo", deadLetter: "prod-orders-dead.fifo" },
    ],
    [plain, "azure-functions", { prefix: "prod-" }, { queue: "prod-orders", deadLetter: undefined }],
    [plain, "cloud-run", {}, { queue: "orders", topic: "orders", deadLetter: "orders-dead" }],
    [subscription, "azure-functions", { prefix: "p-" }, { queue: "billing", topic: "p-shop-events" }],
    [
      subscription,
      "cloud-run",
      {},
      { queue: "shop-events-billing", topic: "shop-events", deadLetter: "shop-events-billing-dead" },
    ],
    [
      plain,
      "lambda",
      { queues: { orders: "old-orders" } },
      { queue: "old-orders", deadLetter: "old-orders-dead" },
    ],
    [
      plain,
      "lambda",
      { queues: { orders: { deadLetter: "grave" } } },
      { queue: "orders", deadLetter: "grave" },
    ],
    [
      subscription,
      "azure-functions",
      { queues: { "shop-events": { name: "events", subscriptions: { billing: "bills" } } } },
      { queue: "bills", topic: "events" },
    ],
  ] as [Given, Runtime, Parameters<typeof entityNames>[2], object][])(
    "of %o for %s with %o are those that a client uses",
    (definition, runtime, config, expected) => {
      expect(names(definition, runtime, config)).toMatchObject(expected);
    },
  );

  test.each([
    [plain, { queues: { orders: "https://sqs.eu-west-1.amazonaws.com/1/orders" } }, "its address"],
    [plain, { queues: { orders: "arn:aws:sqs:eu-west-1:123456789012:orders" } }, "its address"],
    [ordered, { queues: { orders: "orders" } }, "must end with .fifo"],
  ] as [Given, Parameters<typeof entityNames>[2], string][])(
    "that are none are refused: %o %o",
    (definition, config, words) => {
      expect(() => names(definition, "lambda", config)).toThrow(words);
    },
  );
});

test.each([
  ["1500ms", 2],
  ["30s", 30],
  ["5m", 300],
  ["2h", 7_200],
] as const)("%s is %i seconds", (duration, seconds) => {
  expect(secondsOf(duration)).toBe(seconds);
});
