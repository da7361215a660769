/** The request to a push endpoint. */
export interface PushRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The parts of a message that a push contains. */
export interface PushedMessage {
  readonly providerId: string;
  readonly body: Uint8Array;
  readonly enqueuedAt?: Date | undefined;
  readonly orderingKey?: string | undefined;
  /** The vendor SDK's message, with every attribute and the delivery attempt. */
  readonly native: unknown;
}

/** A message in the wrapper of a push. https://cloud.google.com/pubsub/docs/push#receive_push (2026-11-29) */
export function pushRequest(message: PushedMessage, subscription: string): PushRequest {
  const deliveryAttempt = Number(member(message.native, "deliveryAttempt"));
  const wrapper = {
    message: wrapped(message, publishTimeOf(message)),
    subscription,
    deliveryAttempt: deliveryAttempt > 0 ? deliveryAttempt : undefined,
  };
  return { headers: HEADERS, body: JSON.stringify(wrapper) };
}

/**
 * The event that Eventarc makes of a message; it has no attempt. Here the topic has its subscription's name.
 * https://github.com/googleapis/google-cloudevents, google/events/cloud/pubsub/v1 (2026-11-29)
 */
export function eventRequest(message: PushedMessage, subscription: string): PushRequest {
  const time = publishTimeOf(message);
  return {
    headers: {
      ...HEADERS,
      "ce-id": message.providerId,
      "ce-source": `//pubsub.googleapis.com/${subscription.replace("/subscriptions/", "/topics/")}`,
      "ce-specversion": "1.0",
      "ce-time": time,
      "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
    },
    body: JSON.stringify({ message: wrapped(message, time), subscription }),
  };
}

const HEADERS = { "content-type": "application/json", "user-agent": "CloudPubSub-Google" };

function publishTimeOf({ enqueuedAt }: PushedMessage): string {
  return (enqueuedAt ?? new Date()).toISOString();
}

/** JSON leaves out undefined fields; so does the service. */
function wrapped(
  { providerId, body, orderingKey, native }: PushedMessage,
  publishTime: string,
): Readonly<Record<string, unknown>> {
  const attributes = member(member(native, "message"), "attributes");
  return {
    attributes: isFilled(attributes) ? attributes : undefined,
    data: body.byteLength === 0 ? undefined : Buffer.from(body).toString("base64"),
    messageId: providerId,
    message_id: providerId,
    publishTime,
    publish_time: publishTime,
    orderingKey: orderingKey === "" ? undefined : orderingKey,
  };
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function isFilled(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}
