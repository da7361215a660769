// Functions of the v4 model as an app registers them, without a library; the message's body says what to do.

import { app } from "@azure/functions";

const queue = (queueName) => ({ connection: "SERVICEBUS", queueName });

app.serviceBusQueue("charge", {
  ...queue("orders"),
  handler: async (order, context) => {
    const { messageId, deliveryCount, applicationProperties, enqueuedTimeUtc } = context.triggerMetadata;
    if (order.fate === "fails-twice" && deliveryCount < 3) throw new TypeError("the database\nis down");
    if (order.fate === "exits" && deliveryCount === 1) process.exit(3);
    if (order.fate === "hangs" && deliveryCount === 1)
      await new Promise((resolve) => setTimeout(resolve, 3_600_000));
    context.log(
      `charged ${order.number} ${messageId} delivery ${deliveryCount} of ${applicationProperties.tenant} ${Number.isNaN(Date.parse(enqueuedTimeUtc))}`,
    );
  },
});

app.serviceBusQueue("archive", {
  ...queue("archive"),
  cardinality: "many",
  handler: async (orders, context) => {
    const { deliveryCountArray } = context.triggerMetadata;
    context.log(`archive ${orders.length} ${deliveryCountArray.length}`);
    if (orders.some(({ number }) => number === 13) && deliveryCountArray.includes(1))
      throw new Error("not yet");
  },
});

app.serviceBusTopic("bill", {
  connection: "SERVICEBUS",
  topicName: "placed",
  subscriptionName: "Billing",
  handler: (order, context) => context.log(`billed ${order.number}`),
});

app.serviceBusQueue("settles", {
  ...queue("settles"),
  autoCompleteMessages: false,
  handler: () => {},
});

app.http("health", { handler: () => ({ status: 204 }) });
