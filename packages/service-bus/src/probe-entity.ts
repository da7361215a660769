import type { Capabilities, ProbeResult, Target } from "@anyqueue/core/adapter";
import type { ServiceBusAdministrationClient } from "@azure/service-bus";
import { assertKind } from "./entity-kind.ts";
import { durationMs } from "./iso-duration.ts";
import { capabilitiesOf, STANDARD_MAX_MESSAGE_BYTES } from "./service-bus-limits.ts";
import { parseAddress } from "./service-bus-url.ts";

/** The part of the SDK's descriptions of queues, topics and subscriptions that is used. */
interface EntitySettings {
  readonly lockDuration?: string;
  readonly maxDeliveryCount?: number;
  readonly requiresSession?: boolean;
  readonly requiresDuplicateDetection?: boolean;
  readonly defaultMessageTimeToLive?: string;
  readonly maxMessageSizeInKilobytes?: number;
}

/** Reads an entity's settings. @throws the SDK's error if the right or the administration is missing */
export async function probeEntity(
  administration: ServiceBusAdministrationClient,
  target: Target,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const settings = await readChecked(administration, target, signal);
  const leaseMs = durationMs(settings.lockDuration);
  const retentionMs = durationMs(settings.defaultMessageTimeToLive);
  const { isDeadLetter } = parseAddress(target.entity);
  const maxBytes = (settings.maxMessageSizeInKilobytes ?? 0) * 1_024;
  return {
    capabilities: isDeadLetter ? {} : capabilitiesBy(settings, target),
    ...(maxBytes > STANDARD_MAX_MESSAGE_BYTES ? { limits: { maxMessageBytes: maxBytes } } : {}),
    facts: {
      ...(leaseMs === undefined ? {} : { leaseMs }),
      // A dead letter is never moved again, whatever its count.
      ...(settings.maxDeliveryCount === undefined || isDeadLetter
        ? {}
        : { maxDeliveries: settings.maxDeliveryCount }),
      ...(retentionMs === undefined ? {} : { retentionMs }),
      unknown: [],
    },
  };
}

/** @throws INVALID_ARGUMENT for an entity of another kind */
async function readChecked(
  administration: ServiceBusAdministrationClient,
  target: Target,
  signal: AbortSignal,
): Promise<EntitySettings> {
  const read = readSettings(administration, target, signal);
  read.catch(() => {});
  await assertKind(administration, target, signal);
  return await read;
}

async function readSettings(
  administration: ServiceBusAdministrationClient,
  target: Target,
  abortSignal: AbortSignal,
): Promise<EntitySettings> {
  const { root, subscription } = parseAddress(target.entity);
  const options = { abortSignal };
  if (subscription !== undefined) {
    const [read, topic] = await Promise.all([
      administration.getSubscription(root, subscription, options),
      administration.getTopic(root, options),
    ]);
    // Duplicates are found, and sizes limited, at the topic.
    const { requiresDuplicateDetection, maxMessageSizeInKilobytes } = topic;
    return { ...read, requiresDuplicateDetection, ...defined({ maxMessageSizeInKilobytes }) };
  }
  if (target.ref.kind !== "topic") return await administration.getQueue(root, options);
  return await administration.getTopic(root, options);
}

function capabilitiesBy(settings: EntitySettings, { ref, capabilities }: Target): Partial<Capabilities> {
  const { requiresSession, requiresDuplicateDetection } = settings;
  const isOrdered = requiresSession ?? capabilities.ordering === "by-key";
  const { ordering, lease, followers, batchKey } = capabilitiesOf(ref, { isOrdered, canCancel: false });
  return {
    ordering,
    lease,
    followers,
    batchKey,
    ...(requiresDuplicateDetection === undefined
      ? {}
      : { deduplication: requiresDuplicateDetection ? "window" : "none" }),
  };
}

function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
