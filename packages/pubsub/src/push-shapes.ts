// The shapes of a push, as https://cloud.google.com/pubsub/docs/push#receive_push (2026-11-29) shows the wrapped one and
// @google/events 5.4.0 has the data of the CloudEvent. Everything may be missing in what people write by hand.

/** A message as a push carries it; `message.native` of the handler has it. */
export interface PushedMessage {
  /** The body as base64; absent if it is empty. */
  readonly data?: string | undefined;
  /** The message's attributes, by name. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /** Pub/Sub's id of the message. */
  readonly messageId?: string | undefined;
  /** When it was published, RFC 3339. */
  readonly publishTime?: string | Date | undefined;
  /** The message's ordering key. */
  readonly orderingKey?: string | undefined;
}

/** The body of a wrapped push, and the data of a CloudEvent. */
export interface PushedEnvelope {
  /** The one message. */
  readonly message?: PushedMessage | undefined;
  /** Full name of the subscription: `projects/<project>/subscriptions/<name>`. */
  readonly subscription?: string | undefined;
  /** Which delivery it is, from 1; only where the subscription has a dead-letter policy. */
  readonly deliveryAttempt?: number | undefined;
}

/** What the functions framework calls a CloudEvent function with, for a message of a topic. */
export interface PubsubCloudEvent {
  /** `"google.cloud.pubsub.topic.v1.messagePublished"`. */
  readonly type: string;
  /** The topic: `//pubsub.googleapis.com/projects/<project>/topics/<name>`. */
  readonly source?: string | undefined;
  /** Id of the event. */
  readonly id?: string | undefined;
  /** The message. */
  readonly data?: PushedEnvelope | undefined;
}

/** Names as Node and fetch give them, in lower case. */
export type PushHeaders = Readonly<Record<string, string>>;
