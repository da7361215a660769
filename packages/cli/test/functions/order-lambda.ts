// A function as an application deploys it, making its own SQS calls; the test bundles it with the SDK.

import { DeadLetterError, defineQueue, unchecked } from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import { sqsCalls } from "@anyqueue/sqs";
import { sqsEvents } from "@anyqueue/sqs/lambda";

interface Order {
  readonly number: number;
}

const orders = defineQueue("orders", { schema: unchecked<Order>(), retry: { attempts: 3, delay: "1s" } });
const calls = sqsCalls({ changeVisibility: true, deadLetterQueue: "orders-dead" });

export const handler: (event: never, context: never) => Promise<unknown> = createHandler(
  orders,
  sqsEvents({ calls }),
  ({ body }, { attempt }) => {
    if (body.number % 10 === 3 && attempt === 1) throw new Error("down");
    if (body.number % 10 === 7) throw new DeadLetterError("not wanted");
    console.log(`handled ${body.number}`);
  },
);
