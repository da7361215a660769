// The smallest function for AWS Lambda, as users deploy it: bundled, the SDK left to the runtime.

import { defineQueue } from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import { sqsEvents } from "@anyqueue/sqs/lambda";

const orders = defineQueue<{ readonly orderId: string }>("orders");

export const handler: (event: never) => Promise<unknown> = createHandler(orders, sqsEvents(), () => {});
