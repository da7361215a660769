/** Which directions are open, named as on the wire. */
export type EntityStatus = "Active" | "Disabled" | "SendDisabled" | "ReceiveDisabled";

/** A duration that never ends: `P10675199DT2H48M5.4775807S` on the wire. */
export const FOREVER_MS: number = Number.POSITIVE_INFINITY;

/** Settings of queues and subscriptions, which both hold messages. Durations in milliseconds. */
export interface MailboxSettings {
  /** 5 s to 5 min; default 60 s. */
  readonly lockDurationMs: number;
  /** 1 to 2,000; default 10. */
  readonly maxDeliveryCount: number;
  /** Fixed at creation; default false. */
  readonly requiresSession: boolean;
  /** Limits every message's own time to live; default forever. */
  readonly defaultMessageTimeToLiveMs: number;
  readonly deadLetteringOnMessageExpiration: boolean;
  /** Path of a queue or topic in this namespace. */
  readonly forwardTo: string | undefined;
  readonly forwardDeadLetteredMessagesTo: string | undefined;
  /** 5 min or more; default forever. */
  readonly autoDeleteOnIdleMs: number;
  readonly enableBatchedOperations: boolean;
  readonly status: EntityStatus;
  /** At most 1,024 characters. */
  readonly userMetadata: string | undefined;
}

/** Settings of queues and topics, which both accept messages. */
export interface IntakeSettings {
  /** Default 1,024. */
  readonly maxSizeInMegabytes: number;
  /** Default 256. */
  readonly maxMessageSizeInKilobytes: number;
  /** Fixed at creation; default false. */
  readonly requiresDuplicateDetection: boolean;
  /** 20 s to 7 days; default 10 min. */
  readonly duplicateDetectionHistoryMs: number;
  /** Stored and reported only; this broker has one partition. Fixed at creation. */
  readonly enablePartitioning: boolean;
  /** Stored and reported only. */
  readonly enableExpress: boolean;
}

export interface QueueSettings extends MailboxSettings, IntakeSettings {}

export interface TopicSettings extends IntakeSettings {
  readonly defaultMessageTimeToLiveMs: number;
  readonly autoDeleteOnIdleMs: number;
  readonly enableBatchedOperations: boolean;
  /** Stored and reported only. */
  readonly supportOrdering: boolean;
  readonly status: EntityStatus;
  readonly userMetadata: string | undefined;
}

export interface SubscriptionSettings extends MailboxSettings {
  /** Dead-letters a message on which a rule's filter fails; default true. */
  readonly deadLetteringOnFilterEvaluationExceptions: boolean;
}
