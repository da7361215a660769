import type { AttributeValues } from "./queue-attributes.ts";
import {
  ALLOW_ALL_SOURCES,
  parseRedriveAllowPolicy,
  parseRedrivePolicy,
  type RedriveAllowPolicy,
  type RedrivePolicy,
} from "./redrive-policy.ts";

/** Queue attributes in the form the engine uses. Rebuilt whenever an attribute changes. */
export interface QueueSettings {
  readonly visibilityTimeoutMs: number;
  readonly delayMs: number;
  readonly waitMs: number;
  readonly retentionMs: number;
  readonly maxMessageBytes: number;
  readonly hasContentBasedDedup: boolean;
  readonly isDedupPerGroup: boolean;
  readonly redrivePolicy: RedrivePolicy | undefined;
  readonly redriveAllowPolicy: RedriveAllowPolicy;
}

export function readSettings(attributes: AttributeValues): QueueSettings {
  const number = (name: string): number => Number(attributes.get(name));
  const redrivePolicy = attributes.get("RedrivePolicy");
  const allowPolicy = attributes.get("RedriveAllowPolicy");
  return {
    visibilityTimeoutMs: number("VisibilityTimeout") * 1000,
    delayMs: number("DelaySeconds") * 1000,
    waitMs: number("ReceiveMessageWaitTimeSeconds") * 1000,
    retentionMs: number("MessageRetentionPeriod") * 1000,
    maxMessageBytes: number("MaximumMessageSize"),
    hasContentBasedDedup: attributes.get("ContentBasedDeduplication") === "true",
    isDedupPerGroup: attributes.get("DeduplicationScope") === "messageGroup",
    redrivePolicy: redrivePolicy === undefined ? undefined : parseRedrivePolicy(redrivePolicy),
    redriveAllowPolicy: allowPolicy === undefined ? ALLOW_ALL_SOURCES : parseRedriveAllowPolicy(allowPolicy),
  };
}
