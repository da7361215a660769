// The shapes of a push: wrapped as in https://cloud.google.com/pubsub/docs/push#receive_push (2026-11-29),
// the CloudEvent's data as in @google/events 5.4.0. In pushes written by hand anything may be missing.

/** A message as a push carries it; the handler finds it in `message.native`. */
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

/** The argument of a CloudEvent function in the functions framework, for a message of a topic. */
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

/** Headers by name, in lower case, as Node and fetch give them. */
export type PushHeaders = Readonly<Record<string, string>>;
