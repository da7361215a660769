// The smallest function for Azure Functions as users deploy it, bundled without @azure/functions and the SDK.

import { defineQueue } from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import { functionsEvents } from "@anyqueue/service-bus/azure-functions";

const orders = defineQueue<{ readonly orderId: string }>("orders");

export const handler: (message: unknown, context: never) => Promise<void> = createHandler(
  orders,
  functionsEvents(),
  () => {},
);
