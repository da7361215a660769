// The shapes of a push, as https://cloud.google.com/pubsub/docs/push#receive_push (2026-11-29) shows the wrapped one and
// @google/events 5.4.0 has the data of the CloudEvent. Everything may be missing in what people write by hand.

/** A message as a push carries it. */
export interface PushedMessage {
  /** Base64; absent if the body is empty. */
  readonly data?: string | undefined;
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  readonly messageId?: string | undefined;
  /** RFC 3339. */
  readonly publishTime?: string | Date | undefined;
  readonly orderingKey?: string | undefined;
}

/** The body of a wrapped push, and the data of a CloudEvent. */
export interface PushedEnvelope {
  readonly message?: PushedMessage | undefined;
  /** Full name of the subscription. */
  readonly subscription?: string | undefined;
  /** Only where the subscription has a dead-letter policy. */
  readonly deliveryAttempt?: number | undefined;
}

/** What the functions framework calls a CloudEvent function with, for a message of a topic. */
export interface PubsubCloudEvent {
  readonly type: string;
  readonly source?: string | undefined;
  readonly id?: string | undefined;
  readonly data?: PushedEnvelope | undefined;
}

/** Names as Node and fetch give them, in lower case. */
export type PushHeaders = Readonly<Record<string, string>>;
