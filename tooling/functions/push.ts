// The smallest push endpoint, as users deploy it: bundled, with token verification and without any SDK.

import { defineQueue } from "@anyqueue/core";
import { createHandler } from "@anyqueue/serverless";
import { pushRequests } from "@anyqueue/pubsub/push";

const orders = defineQueue<{ readonly orderId: string }>("orders");
const source = pushRequests({
  audience: "https://example.com/orders",
  serviceAccount: "push@my-project.iam.gserviceaccount.com",
});

export const POST: (request: Request) => Promise<Response> = createHandler(orders, source, () => {});
