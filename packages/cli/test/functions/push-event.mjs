// A function of the vendor's framework that takes the events of a trigger.

import { cloudEvent } from "@google-cloud/functions-framework";

cloudEvent("orders", ({ id, type, source, time, data: { message, subscription, deliveryAttempt } }) => {
  const body = Buffer.from(message.data ?? "", "base64").toString();
  console.log(`${type} of ${source} from ${subscription}: [${body}] of ${message.orderingKey}`);
  console.log(
    `same id ${id === message.messageId}, time ${time === message.publishTime}, ${deliveryAttempt}`,
  );
  if (body === "never") throw new Error("down");
});
