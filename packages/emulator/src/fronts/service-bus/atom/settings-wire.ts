import type {
  IntakeSettings,
  MailboxSettings,
  QueueSettings,
  SubscriptionSettings,
  TopicSettings,
} from "../engine/entity-settings.ts";
import type { DescriptionFields } from "./description-fields.ts";

/** The settings in a `QueueDescription`: those that are given. */
export function readQueueSettings(fields: DescriptionFields): Partial<QueueSettings> {
  return { ...readMailboxSettings(fields), ...readIntakeSettings(fields) };
}

export function readTopicSettings(fields: DescriptionFields): Partial<TopicSettings> {
  return {
    ...readIntakeSettings(fields),
    ...given<Omit<TopicSettings, keyof IntakeSettings>>({
      defaultMessageTimeToLiveMs: fields.durationMs("DefaultMessageTimeToLive"),
      autoDeleteOnIdleMs: fields.durationMs("AutoDeleteOnIdle"),
      enableBatchedOperations: fields.flag("EnableBatchedOperations"),
      supportOrdering: fields.flag("SupportOrdering"),
      status: fields.status(),
      userMetadata: fields.text("UserMetadata"),
    }),
  };
}

export function readSubscriptionSettings(fields: DescriptionFields): Partial<SubscriptionSettings> {
  return {
    ...readMailboxSettings(fields),
    ...given<Pick<SubscriptionSettings, "deadLetteringOnFilterEvaluationExceptions">>({
      deadLetteringOnFilterEvaluationExceptions: fields.flag("DeadLetteringOnFilterEvaluationExceptions"),
    }),
  };
}

/**
 * What an update takes away by leaving it out: clients send every property, and those that are not
 * set are not there. Numbers, durations and flags always are.
 */
export const CLEARED_BY_UPDATE = {
  forwardTo: undefined,
  forwardDeadLetteredMessagesTo: undefined,
  userMetadata: undefined,
} as const;

function readMailboxSettings(fields: DescriptionFields): Partial<MailboxSettings> {
  return given<MailboxSettings>({
    lockDurationMs: fields.durationMs("LockDuration"),
    maxDeliveryCount: fields.integer("MaxDeliveryCount"),
    requiresSession: fields.flag("RequiresSession"),
    defaultMessageTimeToLiveMs: fields.durationMs("DefaultMessageTimeToLive"),
    deadLetteringOnMessageExpiration: fields.flag("DeadLetteringOnMessageExpiration"),
    forwardTo: targetOf(fields.text("ForwardTo")),
    forwardDeadLetteredMessagesTo: targetOf(fields.text("ForwardDeadLetteredMessagesTo")),
    autoDeleteOnIdleMs: fields.durationMs("AutoDeleteOnIdle"),
    enableBatchedOperations: fields.flag("EnableBatchedOperations"),
    status: fields.status(),
    userMetadata: fields.text("UserMetadata"),
  });
}

function readIntakeSettings(fields: DescriptionFields): Partial<IntakeSettings> {
  return given<IntakeSettings>({
    maxSizeInMegabytes: fields.integer("MaxSizeInMegabytes"),
    maxMessageSizeInKilobytes: fields.integer("MaxMessageSizeInKilobytes"),
    requiresDuplicateDetection: fields.flag("RequiresDuplicateDetection"),
    duplicateDetectionHistoryMs: fields.durationMs("DuplicateDetectionHistoryTimeWindow"),
    enablePartitioning: fields.flag("EnablePartitioning"),
    enableExpress: fields.flag("EnableExpress"),
  });
}

const ABSOLUTE = /^(?:sb|https?):\/\/[^/]*\/+/iu;

/** Clients name a target by its address; what counts is the path. */
function targetOf(address: string | undefined): string | undefined {
  const path = address?.trim().replace(ABSOLUTE, "").replace(/\/+$/u, "");
  return path === "" || path === undefined ? undefined : path;
}

function given<Settings>(members: { readonly [Name in keyof Settings]: Settings[Name] | undefined }) {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<Settings>;
}
