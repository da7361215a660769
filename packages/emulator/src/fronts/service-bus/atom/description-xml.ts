import type { MessageCounts, QueueEntity, SubscriptionEntity, TopicEntity } from "../engine/contract.ts";
import type { IntakeSettings, MailboxSettings } from "../engine/entity-settings.ts";
import { formatDuration } from "../iso-duration.ts";
import { xml, type Xml } from "./xml-writer.ts";

const CONNECT_NAMESPACE = "http://schemas.microsoft.com/netservices/2010/10/servicebus/connect";
const COUNTS_NAMESPACE = "http://schemas.microsoft.com/netservices/2011/06/servicebus";
export const INSTANCE_NAMESPACE = "http://www.w3.org/2001/XMLSchema-instance";

/** What a description contains besides what the engine knows. */
export interface DescriptionExtras {
  /** Converts engine time to a timestamp in the clients' time. */
  readonly time: (engineMs: number) => string;
  /** The `AuthorizationRules` as last set. */
  readonly authorizationRules: Xml | undefined;
}

/** Writes the element inside `content`. */
export function description(name: string, children: readonly (Xml | undefined)[]): Xml {
  return xml(name, { xmlns: CONNECT_NAMESPACE, "xmlns:i": INSTANCE_NAMESPACE }, children);
}

/** Writes the members in the service's order, because some clients read them by position. */
export function queueDescription(queue: QueueEntity, extras: DescriptionExtras): Xml {
  const { settings } = queue;
  return description("QueueDescription", [
    field("LockDuration", formatDuration(settings.lockDurationMs)),
    field("MaxSizeInMegabytes", settings.maxSizeInMegabytes),
    field("RequiresDuplicateDetection", settings.requiresDuplicateDetection),
    field("RequiresSession", settings.requiresSession),
    field("DefaultMessageTimeToLive", formatDuration(settings.defaultMessageTimeToLiveMs)),
    field("DeadLetteringOnMessageExpiration", settings.deadLetteringOnMessageExpiration),
    field("DuplicateDetectionHistoryTimeWindow", formatDuration(settings.duplicateDetectionHistoryMs)),
    field("MaxDeliveryCount", settings.maxDeliveryCount),
    field("EnableBatchedOperations", settings.enableBatchedOperations),
    field("SizeInBytes", queue.sizeBytes),
    field("MessageCount", messageCount(queue.counts)),
    field("IsAnonymousAccessible", false),
    extras.authorizationRules ?? xml("AuthorizationRules", {}),
    field("Status", settings.status),
    ...forwards(settings),
    optional("UserMetadata", settings.userMetadata),
    ...times(queue, extras),
    field("SupportOrdering", true),
    countDetails(queue.counts),
    field("AutoDeleteOnIdle", formatDuration(settings.autoDeleteOnIdleMs)),
    ...lastIntakeFields(settings),
  ]);
}

export function topicDescription(topic: TopicEntity, extras: DescriptionExtras): Xml {
  const { settings } = topic;
  return description("TopicDescription", [
    field("DefaultMessageTimeToLive", formatDuration(settings.defaultMessageTimeToLiveMs)),
    field("MaxSizeInMegabytes", settings.maxSizeInMegabytes),
    field("RequiresDuplicateDetection", settings.requiresDuplicateDetection),
    field("DuplicateDetectionHistoryTimeWindow", formatDuration(settings.duplicateDetectionHistoryMs)),
    field("EnableBatchedOperations", settings.enableBatchedOperations),
    field("SizeInBytes", topic.sizeBytes),
    field("FilteringMessagesBeforePublishing", false),
    field("IsAnonymousAccessible", false),
    extras.authorizationRules ?? xml("AuthorizationRules", {}),
    field("Status", settings.status),
    optional("UserMetadata", settings.userMetadata),
    ...times(topic, extras),
    field("SupportOrdering", settings.supportOrdering),
    countDetails(topic.counts),
    field("SubscriptionCount", topic.subscriptions().length),
    field("AutoDeleteOnIdle", formatDuration(settings.autoDeleteOnIdleMs)),
    ...lastIntakeFields(settings),
  ]);
}

export function subscriptionDescription(subscription: SubscriptionEntity, extras: DescriptionExtras): Xml {
  const { settings } = subscription;
  return description("SubscriptionDescription", [
    field("LockDuration", formatDuration(settings.lockDurationMs)),
    field("RequiresSession", settings.requiresSession),
    field("DefaultMessageTimeToLive", formatDuration(settings.defaultMessageTimeToLiveMs)),
    field("DeadLetteringOnMessageExpiration", settings.deadLetteringOnMessageExpiration),
    field("DeadLetteringOnFilterEvaluationExceptions", settings.deadLetteringOnFilterEvaluationExceptions),
    field("MessageCount", messageCount(subscription.counts)),
    field("MaxDeliveryCount", settings.maxDeliveryCount),
    field("EnableBatchedOperations", settings.enableBatchedOperations),
    field("Status", settings.status),
    ...forwards(settings),
    optional("UserMetadata", settings.userMetadata),
    ...times(subscription, extras),
    countDetails(subscription.counts),
    field("AutoDeleteOnIdle", formatDuration(settings.autoDeleteOnIdleMs)),
    field("EntityAvailabilityStatus", "Available"),
  ]);
}

function field(name: string, value: string | number | boolean): Xml {
  return xml(name, {}, String(value));
}

function optional(name: string, value: string | undefined): Xml | undefined {
  return value === undefined ? undefined : field(name, value);
}

function forwards(settings: MailboxSettings): readonly (Xml | undefined)[] {
  return [
    optional("ForwardTo", settings.forwardTo),
    optional("ForwardDeadLetteredMessagesTo", settings.forwardDeadLetteredMessagesTo),
  ];
}

function times(
  entity: Pick<QueueEntity, "createdAtMs" | "updatedAtMs" | "accessedAtMs">,
  { time }: DescriptionExtras,
): readonly Xml[] {
  return [
    field("CreatedAt", time(entity.createdAtMs)),
    field("UpdatedAt", time(entity.updatedAtMs)),
    field("AccessedAt", time(entity.accessedAtMs)),
  ];
}

function lastIntakeFields(settings: IntakeSettings): readonly Xml[] {
  return [
    field("EnablePartitioning", settings.enablePartitioning),
    field("EntityAvailabilityStatus", "Available"),
    field("EnableExpress", settings.enableExpress),
    field("MaxMessageSizeInKilobytes", settings.maxMessageSizeInKilobytes),
  ];
}

/** Writes only one attribute, because the JavaScript client takes its name for the children's prefix. */
function countDetails(counts: MessageCounts): Xml {
  const count = (name: string, value: number): Xml => xml(`d2p1:${name}`, {}, String(value));
  return xml("CountDetails", { "xmlns:d2p1": COUNTS_NAMESPACE }, [
    count("ActiveMessageCount", counts.active),
    count("DeadLetterMessageCount", counts.deadLetter),
    count("ScheduledMessageCount", counts.scheduled),
    count("TransferMessageCount", counts.transfer),
    count("TransferDeadLetterMessageCount", counts.transferDeadLetter),
  ]);
}

function messageCount(counts: MessageCounts): number {
  const { active, deadLetter, scheduled, transfer, transferDeadLetter } = counts;
  return active + deadLetter + scheduled + transfer + transferDeadLetter;
}
