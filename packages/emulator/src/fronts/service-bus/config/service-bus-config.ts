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
  readonly UserConfig: {
    /** Exactly one. Its name does not matter. */
    readonly Namespaces: readonly NamespaceConfig[];
    /** Specific to the vendor's emulator, and ignored. */
    readonly Logging?: unknown;
  };
}

export interface NamespaceConfig {
  readonly Name?: string | undefined;
  readonly Queues?: readonly QueueConfig[] | undefined;
  readonly Topics?: readonly TopicConfig[] | undefined;
}

export interface QueueConfig {
  readonly Name: string;
  readonly Properties?: QueuePropertiesConfig | undefined;
}

export interface TopicConfig {
  readonly Name: string;
  readonly Properties?: TopicPropertiesConfig | undefined;
  readonly Subscriptions?: readonly SubscriptionConfig[] | undefined;
}

export interface SubscriptionConfig {
  readonly Name: string;
  readonly Properties?: SubscriptionPropertiesConfig | undefined;
  /** Without any rule, the subscription gets every message. */
  readonly Rules?: readonly RuleConfig[] | undefined;
}

export interface TopicPropertiesConfig {
  readonly AutoDeleteOnIdle?: string | undefined;
  readonly DefaultMessageTimeToLive?: string | undefined;
  readonly DuplicateDetectionHistoryTimeWindow?: string | undefined;
  readonly EnableBatchedOperations?: boolean | undefined;
  readonly MaxMessageSizeInKilobytes?: number | undefined;
  readonly MaxSizeInMegabytes?: number | undefined;
  readonly RequiresDuplicateDetection?: boolean | undefined;
  readonly Status?: "Active" | "Disabled" | "SendDisabled" | "ReceiveDisabled" | undefined;
  readonly SupportOrdering?: boolean | undefined;
  readonly UserMetadata?: string | undefined;
}

export interface SubscriptionPropertiesConfig {
  readonly AutoDeleteOnIdle?: string | undefined;
  readonly DeadLetteringOnFilterEvaluationExceptions?: boolean | undefined;
  readonly DeadLetteringOnMessageExpiration?: boolean | undefined;
  readonly DefaultMessageTimeToLive?: string | undefined;
  readonly EnableBatchedOperations?: boolean | undefined;
  /** Empty for none. */
  readonly ForwardDeadLetteredMessagesTo?: string | undefined;
  /** Empty for none. */
  readonly ForwardTo?: string | undefined;
  readonly LockDuration?: string | undefined;
  readonly MaxDeliveryCount?: number | undefined;
  readonly RequiresSession?: boolean | undefined;
  readonly Status?: "Active" | "Disabled" | "SendDisabled" | "ReceiveDisabled" | undefined;
  readonly UserMetadata?: string | undefined;
}

export interface QueuePropertiesConfig
  extends
    Omit<SubscriptionPropertiesConfig, "DeadLetteringOnFilterEvaluationExceptions">,
    Omit<TopicPropertiesConfig, "SupportOrdering"> {}

export interface RuleConfig {
  readonly Name: string;
  readonly Properties: {
    readonly FilterType: "Sql" | "Correlation";
    readonly SqlFilter?: { readonly SqlExpression: string } | undefined;
    readonly CorrelationFilter?: CorrelationFilterConfig | undefined;
    readonly Action?: { readonly SqlExpression: string } | undefined;
  };
}

export interface CorrelationFilterConfig {
  readonly ContentType?: string | undefined;
  readonly CorrelationId?: string | undefined;
  readonly Label?: string | undefined;
  readonly MessageId?: string | undefined;
  readonly Properties?: Readonly<Record<string, string | number | boolean>> | undefined;
  readonly ReplyTo?: string | undefined;
  readonly ReplyToSessionId?: string | undefined;
  readonly SessionId?: string | undefined;
  readonly To?: string | undefined;
}
