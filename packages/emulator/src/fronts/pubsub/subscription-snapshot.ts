import type { BacklogEntry } from "./engine/backlog-entry.ts";
import type { Subscription } from "./engine/subscription.ts";
import type { Topic } from "./engine/topic.ts";

/** A Pub/Sub topic at one moment, for tests and for inspection. */
export interface TopicSnapshot {
  /** `projects/P/topics/T` */
  readonly name: string;
  /** As they were set. */
  readonly labels: Readonly<Record<string, string>>;
  /** Full names of the subscriptions that get its messages. */
  readonly subscriptions: readonly string[];
  /** Number of messages that the topic itself retains; 0 without topic retention. */
  readonly retained: number;
}

/** A Pub/Sub subscription at one moment. */
export interface SubscriptionSnapshot {
  /** `projects/P/subscriptions/S` */
  readonly name: string;
  /** Name of the topic, or `_deleted-topic_` once it was deleted. */
  readonly topic: string;
  /** True: messages of one key come in order. */
  readonly isOrdered: boolean;
  /** True: exactly-once delivery. */
  readonly isExactlyOnce: boolean;
  /** True: it gets no messages any more. */
  readonly isDetached: boolean;
  /** Where it pushes to; undefined: it is pulled from. */
  readonly pushEndpoint: string | undefined;
  /** Number of messages that nobody holds, including those backing off after a failure. */
  readonly available: number;
  /** Number of leased messages. */
  readonly outstanding: number;
  /** Open streams, waiting pulls, and the push of a push subscription. */
  readonly consumers: readonly ConsumerSnapshot[];
  /** Its backlog. */
  readonly messages: readonly SubscriptionMessageSnapshot[];
}

/** A stream, pull or push that takes messages from a subscription. */
export interface ConsumerSnapshot {
  /** The client id that a client gave its stream; empty for a pull. */
  readonly clientId: string;
  /** Number of messages that it holds. */
  readonly outstanding: number;
}

/** A message in the backlog of one subscription. */
export interface SubscriptionMessageSnapshot {
  /** Its message id. */
  readonly id: string;
  /** `waiting`: backs off after a failure. */
  readonly state: "ready" | "waiting" | "leased";
  /** Its data as text. */
  readonly body: string;
  /** As the publisher gave them. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Empty: it has none. */
  readonly orderingKey: string;
  /** How often it was handed out. */
  readonly deliveries: number;
  /** Number of nacks and expiries. */
  readonly failures: number;
}

export function snapshotTopic(topic: Topic, subscriptions: readonly Subscription[]): TopicSnapshot {
  return {
    name: topic.name,
    labels: topic.resource.labels,
    subscriptions: subscriptions.map(({ name }) => name),
    retained: topic.retained().length,
  };
}

export function snapshotSubscription({ resource, backlog, consumers }: Subscription): SubscriptionSnapshot {
  const pushEndpoint = resource.pushConfig?.pushEndpoint ?? "";
  return {
    name: resource.name,
    topic: resource.topic,
    isOrdered: resource.enableMessageOrdering,
    isExactlyOnce: resource.enableExactlyOnceDelivery,
    isDetached: resource.detached,
    pushEndpoint: pushEndpoint === "" ? undefined : pushEndpoint,
    available: backlog.size - backlog.leased,
    outstanding: backlog.leased,
    consumers: consumers.map(({ clientId, outstanding }) => ({ clientId, outstanding })),
    messages: backlog.all().flatMap(snapshotMessage),
  };
}

function snapshotMessage(entry: BacklogEntry): readonly SubscriptionMessageSnapshot[] {
  const { state, message, deliveries, failures } = entry;
  if (state === "settled" || state === "gone") return [];
  return [
    {
      id: message.id,
      state: state === "ready" && entry.lane?.retryTimer !== undefined ? "waiting" : state,
      body: Buffer.from(message.data).toString(),
      attributes: message.attributes,
      orderingKey: message.orderingKey,
      deliveries,
      failures,
    },
  ];
}
