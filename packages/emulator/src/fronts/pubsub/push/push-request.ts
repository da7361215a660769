import { validateHeaderName, validateHeaderValue } from "node:http";
import type { Delivery } from "../engine/consumer.ts";
import type { PushConfig } from "../engine/resources.ts";

/** The request that a push endpoint receives. */
export interface PushRequest {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

const USER_AGENT = "CloudPubSub-Google";

/** `publishedAt` is the message's publish time as text, in the clients' time. */
export function pushRequest(
  delivery: Delivery,
  subscription: string,
  config: PushConfig,
  publishedAt: string,
): PushRequest {
  if (config.noWrapper === undefined || config.noWrapper === null) {
    return wrapped(delivery, subscription, publishedAt);
  }
  const metadata = config.noWrapper.writeMetadata ? metadataHeaders(delivery, subscription, publishedAt) : {};
  return { body: delivery.message.data, headers: { "user-agent": USER_AGENT, ...metadata } };
}

/** https://cloud.google.com/pubsub/docs/push#receive_push (2026-11-29) */
function wrapped(
  { message, deliveryAttempt }: Delivery,
  subscription: string,
  publishedAt: string,
): PushRequest {
  const { data, attributes, id, orderingKey } = message;
  const body = {
    message: {
      ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
      ...(data.length === 0 ? {} : { data: Buffer.from(data).toString("base64") }),
      messageId: id,
      message_id: id,
      publishTime: publishedAt,
      publish_time: publishedAt,
      ...(orderingKey === "" ? {} : { orderingKey }),
    },
    subscription,
    ...(deliveryAttempt === 0 ? {} : { deliveryAttempt }),
  };
  return {
    body: Buffer.from(JSON.stringify(body)),
    headers: { "content-type": "application/json", "user-agent": USER_AGENT },
  };
}

/** https://cloud.google.com/pubsub/docs/payload-unwrapping (2026-11-29) */
function metadataHeaders(
  { message, deliveryAttempt }: Delivery,
  subscription: string,
  publishedAt: string,
): Readonly<Record<string, string>> {
  const { attributes, id, orderingKey } = message;
  const headers = {
    ...attributes,
    "x-goog-pubsub-subscription-name": subscription,
    "x-goog-pubsub-message-id": id,
    "x-goog-pubsub-publish-time": publishedAt,
    ...(orderingKey === "" ? {} : { "x-goog-pubsub-ordering-key": orderingKey }),
    ...(deliveryAttempt === 0 ? {} : { "x-goog-pubsub-delivery-attempt": String(deliveryAttempt) }),
  };
  return Object.fromEntries(Object.entries(headers).filter(([name, value]) => isHeader(name, value)));
}

/** Headers about the transfer of a request rather than its content. */
const FRAMING =
  /^(?:connection|content-length|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade)$/i;

/** Like the service, leaves out attributes that are not valid headers, and ordering keys beyond Latin-1. */
function isHeader(name: string, value: string): boolean {
  if (FRAMING.test(name)) return false;
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}
