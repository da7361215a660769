import type { Delivery, OutgoingMessage } from "../driver/delivery.ts";
import { withoutUndefined } from "./without-undefined.ts";

/**
 * A delivered message as one to send, with all that it carries but its place in an order (D10); `over` is what the copy has
 * otherwise. `contentType`: of the definition's codec, for foreign messages that carry none.
 */
export function copyOf(
  delivery: Delivery<unknown>,
  contentType: string,
  over: Partial<OutgoingMessage>,
): OutgoingMessage {
  const { id, body, attributes, attributeTypes, correlationId, replyTo, subject } = delivery;
  return {
    id,
    body,
    contentType: delivery.contentType ?? contentType,
    attributes,
    ...withoutUndefined({ attributeTypes, correlationId, replyTo, subject }),
    ...over,
  };
}
