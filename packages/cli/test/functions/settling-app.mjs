// Functions that settle their messages themselves; the message's body says what to do. The extension's
// preview does not support a later version of the library.

import { app } from "@azure/functions-4-15";
// oxlint-disable-next-line import/no-unassigned-import -- it registers itself, as in an app
import "@azure/functions-extensions-servicebus";

const bytesOf = (message) => message._rawAmqpMessage.body.content.toString();
const trigger = { connection: "SERVICEBUS", sdkBinding: true, autoCompleteMessages: false };

async function settle({ messages, actions }, context) {
  for (const message of [messages].flat()) {
    const order = JSON.parse(bytesOf(message));
    context.log(
      `settles ${order.number} ${message.messageId} session ${message.sessionId} delivery ${message.deliveryCount}`,
    );
    if (order.fate === "throws" && message.deliveryCount < 3) throw new Error("down");
    if (order.fate === "abandons" && message.deliveryCount === 1) await actions.abandon(message);
    else if (order.fate === "dead")
      await actions.deadletter(message, undefined, { value: "bad" }, { value: "very" });
    else if (order.fate === "defers") await actions.defer(message);
    else if (order.fate !== "leaves") await actions.complete(message);
  }
}

app.serviceBusQueue("one", { ...trigger, queueName: "orders", handler: settle });
app.serviceBusQueue("many", { ...trigger, queueName: "archive", cardinality: "many", handler: settle });
app.serviceBusQueue("sessions", {
  ...trigger,
  queueName: "sessions",
  cardinality: "many",
  isSessionsEnabled: true,
  handler: async (call, context) => {
    const [first] = call.messages;
    context.log(`session ${first.sessionId} has ${call.messages.length}`);
    await call.actions.renewSessionLock(first.sessionId);
    await settle(call, context);
    await call.actions.setSessionState(first.sessionId, Buffer.from("seen"));
    await call.actions.releaseSession(first.sessionId);
  },
});
