import type { Capabilities, EntityFacts, ProbeResult } from "@anyqueue/core/adapter";
import type { protos } from "@google-cloud/pubsub";
import { PUBSUB_DEFAULT_MIN_BACKOFF_MS, PUBSUB_MIN_DELIVERIES } from "./pubsub-limits.ts";

/** The settings that are read from a subscription. */
export type SubscriptionSettings = Pick<
  protos.google.pubsub.v1.ISubscription,
  | "name"
  | "topic"
  | "ackDeadlineSeconds"
  | "enableMessageOrdering"
  | "enableExactlyOnceDelivery"
  | "deadLetterPolicy"
  | "retryPolicy"
  | "messageRetentionDuration"
  | "retainAckedMessages"
  | "filter"
  | "pushConfig"
  | "expirationPolicy"
  | "labels"
  | "detached"
>;
type Duration = protos.google.protobuf.IDuration;

/** The facts if the settings may not be read. */
export const UNREADABLE: EntityFacts = {
  unknown: [
    "The subscription's settings cannot be read (pubsub.subscriptions.get is missing), so whether it keeps order, counts deliveries, dead-letters or delivers exactly once is unknown.",
  ],
};

/** Name of a deleted topic. google/pubsub/v1/pubsub.proto as shipped with @google-cloud/pubsub 6.3.0 */
const DELETED_TOPIC = "_deleted-topic_";

/** What is known from a subscription's settings. */
export function subscriptionFacts(settings: SubscriptionSettings, isEmulated: boolean): ProbeResult {
  const { deadLetterPolicy, enableMessageOrdering, enableExactlyOnceDelivery } = settings;
  const capabilities: Partial<Capabilities> = {
    ordering: enableMessageOrdering === true ? "by-key" : "none",
    deliveryCount: deadLetterPolicy?.deadLetterTopic ? "approximate" : "none",
    settle: enableExactlyOnceDelivery === true ? "confirmed" : "accepted",
    exactlyOnceAck: enableExactlyOnceDelivery === true,
  };
  const retentionMs = durationMs(settings.messageRetentionDuration);
  const facts: EntityFacts = {
    ...(settings.ackDeadlineSeconds ? { leaseMs: settings.ackDeadlineSeconds * 1_000 } : {}),
    ...(retentionMs === undefined ? {} : { retentionMs }),
    ...(hasDeadLetters(settings)
      ? {
          maxDeliveries: deadLetterPolicy?.maxDeliveryAttempts || PUBSUB_MIN_DELIVERIES,
          deadLetterEntity: deadLetterEntity(settings),
        }
      : {}),
    unknown: unknownOf(settings, isEmulated),
  };
  return { capabilities, facts };
}

/** Shortest delay of a release; undefined without a retry policy. */
export function minBackoffMs(settings: SubscriptionSettings | undefined): number | undefined {
  const policy = settings?.retryPolicy;
  if (policy === undefined || policy === null) return undefined;
  return durationMs(policy.minimumBackoff) ?? PUBSUB_DEFAULT_MIN_BACKOFF_MS;
}

function hasDeadLetters({ deadLetterPolicy }: SubscriptionSettings): boolean {
  return !["", DELETED_TOPIC].includes(deadLetterPolicy?.deadLetterTopic ?? "");
}

/** The topic's id, or its full name if its project differs from the subscription's. */
function deadLetterEntity({ name, deadLetterPolicy }: SubscriptionSettings): string {
  const topic = deadLetterPolicy?.deadLetterTopic ?? "";
  const isSameProject = topic.split("/")[1] === name?.split("/")[1];
  return isSameProject ? topic.slice(topic.lastIndexOf("/") + 1) : topic;
}

/**
 * Grants that the service's own account needs for a dead-letter policy to work; undefined without a policy. A
 * project's number cannot be read from Pub/Sub.
 * https://cloud.google.com/pubsub/docs/handling-failures#grant_forwarding_permissions (2026-11-29)
 */
export function neededGrants(settings: SubscriptionSettings): string | undefined {
  if (!hasDeadLetters(settings)) return undefined;
  const { name = "", deadLetterPolicy } = settings;
  return `roles/pubsub.publisher on ${deadLetterPolicy?.deadLetterTopic ?? ""} and roles/pubsub.subscriber on ${name} for service-PROJECT_NUMBER@gcp-sa-pubsub.iam.gserviceaccount.com (the number of project ${name?.split("/")[1] ?? ""})`;
}

function unknownOf(settings: SubscriptionSettings, isEmulated: boolean): readonly string[] {
  const unknown: string[] = [];
  if (settings.topic === DELETED_TOPIC)
    unknown.push("The subscription's topic was deleted: what it holds is all that it will ever bring.");
  if (settings.deadLetterPolicy?.deadLetterTopic === DELETED_TOPIC)
    unknown.push("The subscription's dead-letter topic was deleted: Pub/Sub dead-letters nothing.");
  const grants = neededGrants(settings);
  if (grants !== undefined && !isEmulated) {
    unknown.push(
      `It cannot be read whether Pub/Sub may dead-letter; without ${grants} it dead-letters nothing.`,
    );
  }
  if (settings.pushConfig?.pushEndpoint) {
    unknown.push(
      "The subscription pushes to an endpoint; whether something else consumes it is not known here.",
    );
  }
  return unknown;
}

/** The client's configuration decides if the seconds are a text, a number or a Long. */
export function durationMs(duration: Duration | null | undefined): number | undefined {
  if (duration === undefined || duration === null) return undefined;
  return Number(String(duration.seconds ?? 0)) * 1_000 + Math.floor((duration.nanos ?? 0) / 1_000_000);
}
