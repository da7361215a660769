import {
  FOREVER_MS,
  type EntityStatus,
  type IntakeSettings,
  type MailboxSettings,
  type QueueSettings,
  type SubscriptionSettings,
  type TopicSettings,
} from "./entity-settings.ts";
import type { EngineError } from "./engine-error.ts";
import { formatDuration } from "../iso-duration.ts";
import { fixedAtCreation, outOfRange } from "./refusals.ts";

// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas and
// https://learn.microsoft.com/rest/api/servicebus/ (2026-11-29)
const MIN_LOCK_MS = 5_000;
const MAX_LOCK_MS = 300_000;
const MAX_DELIVERY_COUNT = 2_000;
const MIN_HISTORY_MS = 20_000;
const MAX_HISTORY_MS = 7 * 86_400_000;
const MIN_IDLE_MS = 300_000;
const MAX_METADATA_CHARACTERS = 1_024;
const MAX_SIZE_MEGABYTES = 81_920;
/** Premium's limit of 100 MB. The default is Standard's 256 KB. */
const MAX_MESSAGE_KILOBYTES = 102_400;

const MAILBOX_DEFAULTS: MailboxSettings = {
  lockDurationMs: 60_000,
  maxDeliveryCount: 10,
  requiresSession: false,
  defaultMessageTimeToLiveMs: FOREVER_MS,
  deadLetteringOnMessageExpiration: false,
  forwardTo: undefined,
  forwardDeadLetteredMessagesTo: undefined,
  autoDeleteOnIdleMs: FOREVER_MS,
  enableBatchedOperations: true,
  status: "Active",
  userMetadata: undefined,
};

const INTAKE_DEFAULTS: IntakeSettings = {
  maxSizeInMegabytes: 1_024,
  maxMessageSizeInKilobytes: 256,
  requiresDuplicateDetection: false,
  duplicateDetectionHistoryMs: 600_000,
  enablePartitioning: false,
  enableExpress: false,
};

const QUEUE_DEFAULTS: QueueSettings = { ...MAILBOX_DEFAULTS, ...INTAKE_DEFAULTS };

const TOPIC_DEFAULTS: TopicSettings = {
  ...INTAKE_DEFAULTS,
  defaultMessageTimeToLiveMs: FOREVER_MS,
  autoDeleteOnIdleMs: FOREVER_MS,
  enableBatchedOperations: true,
  supportOrdering: true,
  status: "Active",
  userMetadata: undefined,
};

const SUBSCRIPTION_DEFAULTS: SubscriptionSettings = {
  ...MAILBOX_DEFAULTS,
  deadLetteringOnFilterEvaluationExceptions: true,
};

/** Members that an update may not change, with their wire names. */
const FIXED_MEMBERS = [
  ["requiresSession", "RequiresSession"],
  ["requiresDuplicateDetection", "RequiresDuplicateDetection"],
  ["enablePartitioning", "EnablePartitioning"],
] as const;

type AnySettings = Partial<QueueSettings & TopicSettings & SubscriptionSettings>;

export function newQueueSettings(given: Partial<QueueSettings>): QueueSettings {
  return checked({ ...QUEUE_DEFAULTS, ...given });
}

export function newTopicSettings(given: Partial<TopicSettings>): TopicSettings {
  return checked({ ...TOPIC_DEFAULTS, ...given });
}

export function newSubscriptionSettings(given: Partial<SubscriptionSettings>): SubscriptionSettings {
  return checked({ ...SUBSCRIPTION_DEFAULTS, ...given });
}

/** Returns the settings after an update, which may repeat but not change members fixed at creation. */
export function updatedSettings<Settings extends AnySettings>(
  path: string,
  before: Settings,
  given: Partial<Settings>,
): Settings {
  const after: Settings = { ...before, ...given };
  for (const [member, name] of FIXED_MEMBERS) {
    if (after[member] !== before[member]) throw fixedAtCreation(name, path);
  }
  return checked(after);
}

function checked<Settings extends AnySettings>(settings: Settings): Settings {
  const error = firstError(settings);
  if (error !== undefined) throw error;
  return settings;
}

/** Errors use the members' names that clients know. */
function firstError(settings: AnySettings): EngineError | undefined {
  return (
    checkDuration("LockDuration", settings.lockDurationMs, MIN_LOCK_MS, MAX_LOCK_MS) ??
    checkWhole("MaxDeliveryCount", settings.maxDeliveryCount, MAX_DELIVERY_COUNT) ??
    checkDuration("DefaultMessageTimeToLive", settings.defaultMessageTimeToLiveMs, 1, FOREVER_MS) ??
    checkDuration(
      "DuplicateDetectionHistoryTimeWindow",
      settings.duplicateDetectionHistoryMs,
      MIN_HISTORY_MS,
      MAX_HISTORY_MS,
    ) ??
    checkDuration("AutoDeleteOnIdle", settings.autoDeleteOnIdleMs, MIN_IDLE_MS, FOREVER_MS) ??
    checkWhole("MaxSizeInMegabytes", settings.maxSizeInMegabytes, MAX_SIZE_MEGABYTES) ??
    checkWhole("MaxMessageSizeInKilobytes", settings.maxMessageSizeInKilobytes, MAX_MESSAGE_KILOBYTES) ??
    checkMetadata(settings.userMetadata) ??
    checkForwarding(settings)
  );
}

function checkDuration(
  member: string,
  value: number | undefined,
  minMs: number,
  maxMs: number,
): EngineError | undefined {
  if (value === undefined || (value >= minMs && value <= maxMs)) return undefined;
  return outOfRange(
    member,
    `from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`,
    formatDuration(value),
  );
}

function checkWhole(member: string, value: number | undefined, max: number): EngineError | undefined {
  if (value === undefined || (Number.isInteger(value) && value >= 1 && value <= max)) return undefined;
  return outOfRange(member, `a whole number from 1 to ${String(max)}`, String(value));
}

function checkMetadata(value: string | undefined): EngineError | undefined {
  if (value === undefined || value.length <= MAX_METADATA_CHARACTERS) return undefined;
  return outOfRange(
    "UserMetadata",
    `at most ${String(MAX_METADATA_CHARACTERS)} characters`,
    `${String(value.length)} characters`,
  );
}

/** https://learn.microsoft.com/azure/service-bus-messaging/service-bus-auto-forwarding (2026-11-29) */
function checkForwarding({ forwardTo, requiresSession }: AnySettings): EngineError | undefined {
  if (forwardTo === undefined || requiresSession !== true) return undefined;
  return outOfRange("ForwardTo", "absent where sessions are required", `'${forwardTo}'`);
}

/** Returns true if the entity accepts messages. */
export function isSendOpen(status: EntityStatus): boolean {
  return status === "Active" || status === "ReceiveDisabled";
}
