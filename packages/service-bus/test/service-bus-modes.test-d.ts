import { createClient, defineQueue, type QueueClient } from "@anyqueue/core";
import type { Provider } from "@anyqueue/core/adapter";
import type { TokenCredential } from "@azure/service-bus";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { createServiceBusClient, serviceBus, type ServiceBusModes } from "../src/index.ts";

const schema = z.object({ id: z.string() });

test("the provider says what one entity can have together", () => {
  expectTypeOf(serviceBus()).toEqualTypeOf<Provider<"service-bus", ServiceBusModes>>();
  expectTypeOf(createServiceBusClient()).toEqualTypeOf<
    QueueClient<Provider<"service-bus", ServiceBusModes>>
  >();
});

test("one queue can order, deduplicate, delay and expire", () => {
  const client = createClient("service-bus://shop", [serviceBus()]);
  const needs = ["ordering", "deduplication", "delay", "ttl"] as const;
  const producer = client.producer(defineQueue("a", { schema, needs }));
  expectTypeOf(producer.send).parameter(0).toEqualTypeOf<{ id: string }>();
});

test("options are those of the vendor's own types", () => {
  type Given = NonNullable<Parameters<typeof serviceBus>[0]>;
  expectTypeOf<NonNullable<Given["clientOptions"]>>().not.toHaveProperty("retryOptions");
  expectTypeOf<NonNullable<Given["credential"]>>().toEqualTypeOf<TokenCredential>();
});
