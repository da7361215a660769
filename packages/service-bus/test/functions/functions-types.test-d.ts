import { defineQueue } from "@anyqueue/core";
import { createBatchHandler, createHandler } from "@anyqueue/serverless";
import type { app } from "@azure/functions";
import {
  type InvocationContext,
  type ServiceBusQueueHandler,
  type ServiceBusTopicHandler,
} from "@azure/functions";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { functionsEvents } from "../../src/azure-functions.ts";
import { functionsInvocation } from "../../src/testing.ts";

const orders = defineQueue("orders", { schema: z.object({ orderId: z.string(), total: z.coerce.number() }) });

test("what createHandler makes is what @azure/functions asks for", () => {
  const handler = createHandler(orders, functionsEvents(), (message) => {
    expectTypeOf(message.body).toEqualTypeOf<{ orderId: string; total: number }>();
  });
  expectTypeOf(handler).toExtend<ServiceBusQueueHandler>();
  expectTypeOf(handler).toExtend<ServiceBusTopicHandler>();
  expectTypeOf(handler).toExtend<(message: unknown, context: InvocationContext) => Promise<void>>();
  expectTypeOf(
    createBatchHandler(orders, functionsEvents(), async () => {}),
  ).toExtend<ServiceBusQueueHandler>();
  const options = { connection: "SERVICE_BUS", queueName: "orders", cardinality: "many", handler } as const;
  expectTypeOf(options).toExtend<Parameters<typeof app.serviceBusQueue>[1]>();
});

test("a call that is built has the definition's bodies", () => {
  const { args } = functionsInvocation(orders, [{ body: { orderId: "o-1", total: 1 } }]);
  expectTypeOf(createHandler(orders, functionsEvents(), () => {})).toBeCallableWith(...args);
  // @ts-expect-error the body is not the definition's
  functionsInvocation(orders, [{ body: { orderId: 1 } }]);
});
