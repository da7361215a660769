import { defineQueue, defineTopic, unchecked } from "@anyqueue/core";
import { describe, expect, test } from "vitest";
import { deduplicated, ordered, plain, subscription, textOf, type Given } from "./a-deployment.ts";
import type { Format } from "../../src/deploy-files/generated-file.ts";
import { modelProblems } from "./service-bus-models.ts";

const deduplicatedTopic = defineTopic("shop-events", { schema: unchecked(), needs: ["deduplication"] });

describe("Bicep", () => {
  test.each([
    ["a queue", plain],
    ["an ordered queue", ordered],
    ["a queue that detects duplicates", deduplicated],
    ["a subscription", subscription],
    ["a queue that is called like a part of the file", defineQueue("namespace")],
    ["another such queue", defineQueue("receive")],
    ["a queue whose name begins with a digit", defineQueue("2fast")],
  ] as [string, Given][])("of %s closes what it opens, and names what it uses", (_what, definition) => {
    const text = textOf(definition, "azure-functions", "bicep");
    const code = text.replaceAll(/\/\/.*$/gm, "").replaceAll(/'(?:\\.|[^'\\])*'/g, "''");
    for (const [open, close] of ["{}", "()", "[]"]) {
      expect(code.split(open ?? "").length).toBe(code.split(close ?? "").length);
    }
    expect(code.replaceAll("''", "")).not.toContain("'");
    const declared = [...code.matchAll(/^(?:param|resource|var) (\w+)/gm)].map(([, name]) => name);
    expect(declared.filter((name) => /^\d/.test(name ?? ""))).toEqual([]);
    const used = [...code.matchAll(/(?:parent|scope): (\w+)$/gm)].map(([, name]) => name);
    expect(used.length).toBeGreaterThan(1);
    expect(used.filter((name) => !declared.includes(name))).toEqual([]);
    expect(new Set(declared).size).toBe(declared.length);
  });

  test.each([
    ["a queue", plain, 1],
    ["an ordered queue", ordered, 1],
    ["a queue that detects duplicates", deduplicated, 1],
    ["a subscription", subscription, 2],
    ["a subscription of a topic that detects duplicates", deduplicatedTopic.subscription("billing"), 2],
  ] as [string, Given, number][])(
    "of %s sets only what the service's own models have",
    (_what, definition, entities) => {
      const text = textOf(definition, "azure-functions", "bicep");
      expect(text.match(/^resource \w+ 'Microsoft.ServiceBus\/namespaces\/.*= \{$/gm)).toHaveLength(entities);
      expect(modelProblems(text)).toEqual([]);
    },
  );

  test("is found to be wrong by these models where it is", () => {
    const text = textOf(plain, "azure-functions", "bicep")
      .replace("requiresSession", "requiresSesion")
      .replace("'PT1M'", "60")
      .replace("maxDeliveryCount: ", "messageCount: ");
    expect(modelProblems(text)).toEqual([
      "queue.lockDuration: 60 is no TimeSpan",
      "queue.messageCount cannot be set",
      "queue.requiresSesion cannot be set",
    ]);
  });

  test("has lock, deliveries and sessions, and the right to receive alone", () => {
    const text = textOf(ordered, "azure-functions", "bicep", { over: { timeoutS: 90 } });
    expect(text).toContain("lockDuration: 'PT90S'");
    expect(text).toContain("maxDeliveryCount: 10");
    expect(text).toContain("requiresSession: true");
    expect(text.match(/roleAssignments@/g)).toHaveLength(1);
    expect(text).toContain("4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0");
    expect(textOf(deduplicated, "azure-functions", "bicep")).toContain("requiresDuplicateDetection: true");
  });

  test("of a subscription hangs it below its topic", () => {
    const text = textOf(subscription, "azure-functions", "bicep");
    expect(text).toContain("parent: topic\n  name: 'billing'");
  });
});

test.each([
  ["bicep", "name: 'shop~orders'"],
  ["terraform", '"shop~orders"'],
] as const)("%s writes the slash of a name as the resource manager has it", (format, name) => {
  const text = textOf(plain, "azure-functions", format, { config: { prefix: "shop/" } });
  expect(text).toContain(name);
  expect(text).not.toContain("shop/orders");
});

test("host.json writes a whole day as one, which 24 hours are not", () => {
  const text = textOf(plain, "azure-functions", "json", { over: { timeoutS: 86_400 } });
  expect(JSON.parse(text)).toMatchObject({ functionTimeout: "1.00:00:00" });
});

test("host.json bounds the calls, and keeps locks for as long as a function may run", () => {
  const text = textOf(plain, "azure-functions", "json", {
    over: { timeoutS: 3_725, concurrency: 7, batchSize: 20 },
  });
  expect(JSON.parse(text)).toMatchObject({
    functionTimeout: "01:02:05",
    extensions: {
      serviceBus: {
        maxConcurrentCalls: 7,
        maxConcurrentSessions: 7,
        maxMessageBatchSize: 20,
        maxAutoLockRenewalDuration: "01:02:05",
      },
    },
  });
});

test.each([
  ["bicep", plain, 90, '90s", lockDuration: "90s'],
  ["terraform", plain, 90, '90s", lockDuration: "90s'],
  ["bicep", subscription, 1_800, '1800s", lockDuration: "300s'],
  ["terraform", subscription, 1_800, '1800s", lockDuration: "300s'],
] as [Format, Given, number, string][])(
  "%s of %o says what the host does not tell the event source",
  (format, definition, timeoutS, times) => {
    const text = textOf(definition, "azure-functions", format, { over: { timeoutS } });
    expect(text).toContain(`functionsEvents({ functionTimeout: "${times}" })`);
  },
);
