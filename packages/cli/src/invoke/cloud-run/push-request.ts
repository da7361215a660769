/** What a push endpoint is sent. */
export interface PushRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What of a message a push brings. */
export interface PushedMessage {
  readonly providerId: string;
  readonly body: Uint8Array;
  readonly enqueuedAt?: Date | undefined;
  readonly orderingKey?: string | undefined;
  /** The vendor SDK's message, which has every attribute and the delivery attempt. */
  readonly native: unknown;
}

/** A message in the wrapper of a push. https://cloud.google.com/pubsub/docs/push#receive_push (2026-11-29) */
export function pushRequest(message: PushedMessage, subscription: string): PushRequest {
  const { providerId, body, enqueuedAt, orderingKey, native } = message;
  const attributes = member(member(native, "message"), "attributes");
  const deliveryAttempt = member(native, "deliveryAttempt");
  const publishTime = (enqueuedAt ?? new Date()).toISOString();
  // JSON leaves out what is undefined; so does the service.
  const wrapper = {
    message: {
      attributes: isFilled(attributes) ? attributes : undefined,
      data: body.byteLength === 0 ? undefined : Buffer.from(body).toString("base64"),
      messageId: providerId,
      message_id: providerId,
      publishTime,
      publish_time: publishTime,
      orderingKey: orderingKey === "" ? undefined : orderingKey,
    },
    subscription,
    deliveryAttempt: Number(deliveryAttempt) > 0 ? Number(deliveryAttempt) : undefined,
  };
  return {
    headers: { "content-type": "application/json", "user-agent": "CloudPubSub-Google" },
    body: JSON.stringify(wrapper),
  };
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function isFilled(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}
