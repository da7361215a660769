import { invalidArgument, tooLarge } from "../pubsub-error.ts";
import {
  PUBSUB_MAX_ATTRIBUTES,
  PUBSUB_MAX_ATTRIBUTE_KEY_BYTES,
  PUBSUB_MAX_ATTRIBUTE_VALUE_BYTES,
  PUBSUB_MAX_ORDERING_KEY_BYTES,
  PUBSUB_MAX_PUBLISH_MESSAGES,
  PUBSUB_MAX_REQUEST_BYTES,
} from "../pubsub-limits.ts";
import { sizeOf, type MessageContent } from "./published-message.ts";

/** Throws unless a publish keeps every limit. One bad message refuses the whole request. */
export function checkMessages(messages: readonly MessageContent[]): void {
  if (messages.length === 0) throw invalidArgument("The publish request contains no messages.");
  if (messages.length > PUBSUB_MAX_PUBLISH_MESSAGES) {
    throw tooLarge("message_count", messages.length, PUBSUB_MAX_PUBLISH_MESSAGES);
  }
  let size = 0;
  const key = messages[0]?.orderingKey;
  for (const message of messages) {
    checkMessage(message);
    size += sizeOf(message);
    if (message.orderingKey === key) continue;
    throw invalidArgument("In a single publish request, all messages must have the same ordering key.");
  }
  if (size > PUBSUB_MAX_REQUEST_BYTES) throw tooLarge("request_size", size, PUBSUB_MAX_REQUEST_BYTES);
}

function checkMessage({ data, attributes, orderingKey }: MessageContent): void {
  const pairs = Object.entries(attributes);
  if (data.length === 0 && pairs.length === 0) {
    throw invalidArgument(
      "One or more messages in the publish request is empty. Each message must contain either non-empty data, or at least one attribute.",
    );
  }
  if (pairs.length > PUBSUB_MAX_ATTRIBUTES) {
    throw tooLarge("attributes_count", pairs.length, PUBSUB_MAX_ATTRIBUTES);
  }
  for (const [key, value] of pairs) checkAttribute(key, value);
  const keyBytes = Buffer.byteLength(orderingKey);
  if (keyBytes > PUBSUB_MAX_ORDERING_KEY_BYTES) {
    throw tooLarge("ordering_key_size", keyBytes, PUBSUB_MAX_ORDERING_KEY_BYTES);
  }
}

function checkAttribute(key: string, value: string): void {
  if (key === "") throw invalidArgument("An attribute key must not be empty.");
  // Clients send trace contexts in attributes that start with googclient_.
  if (key.startsWith("goog") && !key.startsWith("googclient_")) {
    throw invalidArgument(`The attribute key ${JSON.stringify(key)} must not start with "goog".`);
  }
  const keyBytes = Buffer.byteLength(key);
  if (keyBytes > PUBSUB_MAX_ATTRIBUTE_KEY_BYTES) {
    throw tooLarge("attribute_key_size", keyBytes, PUBSUB_MAX_ATTRIBUTE_KEY_BYTES);
  }
  const valueBytes = Buffer.byteLength(value);
  if (valueBytes > PUBSUB_MAX_ATTRIBUTE_VALUE_BYTES) {
    throw tooLarge("attribute_value_size", valueBytes, PUBSUB_MAX_ATTRIBUTE_VALUE_BYTES);
  }
}
