import type { Delivery, OutgoingMessage } from "../driver/delivery.ts";

/**
 * What every copy of a delivery carries (D10). Its attributes, its key and its deduplication id are what each kind of copy
 * has of its own.
 *
 * @param contentType of the definition's codec: for foreign messages that carry none
 */
export function copyOf(
  delivery: Delivery<unknown>,
  contentType: string,
): Omit<OutgoingMessage, "attributes"> {
  const { id, body, attributeTypes, correlationId, replyTo, subject } = delivery;
  return {
    id,
    body,
    contentType: delivery.contentType ?? contentType,
    ...(attributeTypes === undefined ? {} : { attributeTypes }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(subject === undefined ? {} : { subject }),
  };
}
