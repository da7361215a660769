import type {
  IntakeSettings,
  MailboxSettings,
  QueueSettings,
  SubscriptionSettings,
  TopicSettings,
} from "../engine/entity-settings.ts";
import type { DescriptionFields } from "./description-fields.ts";

/** Reads the settings given in a `QueueDescription`. */
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
 * Settings that an update clears if it omits them. Clients send every property except those that are not set.
 * Numbers, durations and flags are always present.
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

/** Clients name a target by its address, but only the path counts. */
function targetOf(address: string | undefined): string | undefined {
  const path = address?.trim().replace(ABSOLUTE, "").replace(/\/+$/u, "");
  return path === "" || path === undefined ? undefined : path;
}

function given<Settings>(members: { readonly [Name in keyof Settings]: Settings[Name] | undefined }) {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<Settings>;
}
