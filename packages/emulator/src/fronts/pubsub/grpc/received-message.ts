import type { WireTime } from "../../../time/wire-time.ts";
import type { Delivery } from "../engine/consumer.ts";
import { timestampOf } from "../engine/resources.ts";
import type { WireReceivedMessage } from "./pubsub-wire.ts";

export function toReceivedMessage(delivery: Delivery, wireTime: WireTime): WireReceivedMessage {
  const { ackId, deliveryAttempt, message } = delivery;
  return {
    ackId,
    deliveryAttempt,
    message: {
      data: message.data,
      attributes: message.attributes,
      messageId: message.id,
      publishTime: timestampOf(wireTime.toWireMs(message.publishedAtMs)),
      orderingKey: message.orderingKey,
    },
  };
}
