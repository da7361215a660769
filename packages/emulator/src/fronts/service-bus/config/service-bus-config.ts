/**
 * Entities in the JSON format of the vendor's own emulator:
 * https://learn.microsoft.com/azure/service-bus-messaging/test-locally-with-service-bus-emulator (2026-11-29).
 * Durations are ISO 8601, such as `PT1M`. A property that is left out has the service's default.
 *
 * @example
 * const config: ServiceBusConfig = {
 *   UserConfig: { Namespaces: [{ Queues: [{ Name: "orders", Properties: { LockDuration: "PT30S" } }] }] },
 * };
 */
export interface ServiceBusConfig {
  /** All of it. */
  readonly UserConfig: {
    /** Exactly one. Its name does not matter. */
    readonly Namespaces: readonly NamespaceConfig[];
    /** Specific to the vendor's emulator, and ignored. */
    readonly Logging?: unknown;
  };
}

/** The entities of the namespace. */
export interface NamespaceConfig {
  /** Of no importance. */
  readonly Name?: string | undefined;
  /** @default none */
  readonly Queues?: readonly QueueConfig[] | undefined;
  /** @default none */
  readonly Topics?: readonly TopicConfig[] | undefined;
}

/** A queue. */
export interface QueueConfig {
  /** Name of the queue. */
  readonly Name: string;
  /** @default the service's own */
  readonly Properties?: QueuePropertiesConfig | undefined;
}

/** A topic. */
export interface TopicConfig {
  /** Name of the topic. */
  readonly Name: string;
  /** @default the service's own */
  readonly Properties?: TopicPropertiesConfig | undefined;
  /** @default none */
  readonly Subscriptions?: readonly SubscriptionConfig[] | undefined;
}

/** A subscription of a topic. */
export interface SubscriptionConfig {
  /** Name of the subscription. */
  readonly Name: string;
  /** @default the service's own */
  readonly Properties?: SubscriptionPropertiesConfig | undefined;
  /** Without any rule, the subscription gets every message. */
  readonly Rules?: readonly RuleConfig[] | undefined;
}

/** Settings of a topic. */
export interface TopicPropertiesConfig {
  /** Deletes the entity when nobody has used it for so long, 5 min or more. @default never */
  readonly AutoDeleteOnIdle?: string | undefined;
  /** The longest time to live of a message. @default for ever */
  readonly DefaultMessageTimeToLive?: string | undefined;
  /** How long message ids are remembered, 20 s to 7 days. @default "PT10M" */
  readonly DuplicateDetectionHistoryTimeWindow?: string | undefined;
  /** Kept and reported. */
  readonly EnableBatchedOperations?: boolean | undefined;
  /** @default 256 */
  readonly MaxMessageSizeInKilobytes?: number | undefined;
  /** @default 1024 */
  readonly MaxSizeInMegabytes?: number | undefined;
  /** True: a second message with the same id stores nothing. @default false */
  readonly RequiresDuplicateDetection?: boolean | undefined;
  /** Which directions are open. @default "Active" */
  readonly Status?: "Active" | "Disabled" | "SendDisabled" | "ReceiveDisabled" | undefined;
  /** Kept and reported. */
  readonly SupportOrdering?: boolean | undefined;
  /** Any text, up to 1,024 characters. @default none */
  readonly UserMetadata?: string | undefined;
}

/** Settings of a subscription. */
export interface SubscriptionPropertiesConfig {
  /** Deletes the entity when nobody has used it for so long, 5 min or more. @default never */
  readonly AutoDeleteOnIdle?: string | undefined;
  /** Whether a message is dead-lettered when a filter fails on it. @default true */
  readonly DeadLetteringOnFilterEvaluationExceptions?: boolean | undefined;
  /** Whether a message is dead-lettered when its time to live is over, or dropped. @default false */
  readonly DeadLetteringOnMessageExpiration?: boolean | undefined;
  /** The longest time to live of a message. @default for ever */
  readonly DefaultMessageTimeToLive?: string | undefined;
  /** Kept and reported. */
  readonly EnableBatchedOperations?: boolean | undefined;
  /** Empty for none. */
  readonly ForwardDeadLetteredMessagesTo?: string | undefined;
  /** Empty for none. */
  readonly ForwardTo?: string | undefined;
  /** How long a message is locked, 5 s to 5 min. @default "PT1M" */
  readonly LockDuration?: string | undefined;
  /** Deliveries after which a message is dead-lettered, 1 to 2,000. @default 10 */
  readonly MaxDeliveryCount?: number | undefined;
  /** True: messages are handed over session by session. @default false */
  readonly RequiresSession?: boolean | undefined;
  /** Which directions are open. @default "Active" */
  readonly Status?: "Active" | "Disabled" | "SendDisabled" | "ReceiveDisabled" | undefined;
  /** Any text, up to 1,024 characters. @default none */
  readonly UserMetadata?: string | undefined;
}

/** Settings of a queue. */
export interface QueuePropertiesConfig
  extends
    Omit<SubscriptionPropertiesConfig, "DeadLetteringOnFilterEvaluationExceptions">,
    Omit<TopicPropertiesConfig, "SupportOrdering"> {}

/** A rule of a subscription: which messages it gets, and what is done to its copies. */
export interface RuleConfig {
  /** Unique in the subscription. */
  readonly Name: string;
  /** What it does; the member that `FilterType` names must be there. */
  readonly Properties: {
    readonly FilterType: "Sql" | "Correlation";
    readonly SqlFilter?: { readonly SqlExpression: string } | undefined;
    readonly CorrelationFilter?: CorrelationFilterConfig | undefined;
    readonly Action?: { readonly SqlExpression: string } | undefined;
  };
}

/** A condition of a rule: every member that is given must be equal. */
export interface CorrelationFilterConfig {
  /** Content type of the message. */
  readonly ContentType?: string | undefined;
  /** Its correlation id. */
  readonly CorrelationId?: string | undefined;
  /** Its subject. */
  readonly Label?: string | undefined;
  /** Its message id. */
  readonly MessageId?: string | undefined;
  /** Its application properties, by name. */
  readonly Properties?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** Where it wants its answer. */
  readonly ReplyTo?: string | undefined;
  /** In which session it wants its answer. */
  readonly ReplyToSessionId?: string | undefined;
  /** Its session. */
  readonly SessionId?: string | undefined;
  /** Its address. */
  readonly To?: string | undefined;
}
