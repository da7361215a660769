import { defineQueue } from "@anyqueue/core";
import { createBatchHandler, createHandler } from "@anyqueue/serverless";
import type { Context, SQSBatchResponse, SQSEvent, SQSHandler } from "aws-lambda";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { sqsEvents } from "../../src/lambda.ts";
import { lambdaEvent } from "../../src/testing.ts";

const orders = defineQueue("orders", { schema: z.object({ orderId: z.string(), total: z.coerce.number() }) });

test("what createHandler makes is what Lambda's own types ask for", () => {
  const handler = createHandler(orders, sqsEvents(), (message) => {
    expectTypeOf(message.body).toEqualTypeOf<{ orderId: string; total: number }>();
  });
  expectTypeOf(handler).toExtend<SQSHandler>();
  expectTypeOf(handler).toExtend<(event: SQSEvent, context: Context) => Promise<SQSBatchResponse>>();
  expectTypeOf(createBatchHandler(orders, sqsEvents(), async () => {})).toExtend<SQSHandler>();
});

test("an event that is built is one of Lambda's own", () => {
  expectTypeOf(lambdaEvent(orders, [])).toExtend<SQSEvent>();
  // @ts-expect-error the body is not the definition's
  lambdaEvent(orders, [{ body: { orderId: 1 } }]);
});
