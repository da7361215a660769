import type { Delivery, OutgoingMessage } from "../driver/delivery.ts";
import { withoutUndefined } from "./without-undefined.ts";

/**
 * Makes a message to send from a delivered one, with all that it carries except its ordering (D10). `over`
 * replaces members. `contentType` is that of the definition's codec, for foreign messages without one.
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
