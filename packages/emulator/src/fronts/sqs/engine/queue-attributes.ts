import { sqsError } from "../sqs-errors.ts";
import {
  SQS_MAX_DELAY_SECONDS,
  SQS_MAX_MESSAGE_BYTES,
  SQS_MAX_RETENTION_SECONDS,
  SQS_MAX_VISIBILITY_SECONDS,
  SQS_MAX_WAIT_SECONDS,
  SQS_MIN_MAXIMUM_MESSAGE_SIZE_BYTES,
  SQS_MIN_RETENTION_SECONDS,
} from "../sqs-limits.ts";
import { parseRedriveAllowPolicy, parseRedrivePolicy } from "./redrive-policy.ts";

/** Ranges and defaults: .../APIReference/API_SetQueueAttributes.html on docs.aws.amazon.com (2026-11-24) */
const INTEGER_ATTRIBUTES: Readonly<Record<string, readonly [min: number, max: number]>> = {
  VisibilityTimeout: [0, SQS_MAX_VISIBILITY_SECONDS],
  DelaySeconds: [0, SQS_MAX_DELAY_SECONDS],
  MaximumMessageSize: [SQS_MIN_MAXIMUM_MESSAGE_SIZE_BYTES, SQS_MAX_MESSAGE_BYTES],
  MessageRetentionPeriod: [SQS_MIN_RETENTION_SECONDS, SQS_MAX_RETENTION_SECONDS],
  ReceiveMessageWaitTimeSeconds: [0, SQS_MAX_WAIT_SECONDS],
  KmsDataKeyReusePeriodSeconds: [60, 86_400],
};

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  DeduplicationScope: ["queue", "messageGroup"],
  FifoThroughputLimit: ["perQueue", "perMessageGroupId"],
};

const BOOLEAN_ATTRIBUTES = new Set(["FifoQueue", "ContentBasedDeduplication", "SqsManagedSseEnabled"]);
const TEXT_ATTRIBUTES = new Set(["Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"]);

/** Setting one of these to the empty string removes it. */
const REMOVABLE_ATTRIBUTES = new Set(["Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"]);

/** Read-only attributes, computed on request. */
export const COMPUTED_ATTRIBUTES: ReadonlySet<string> = new Set([
  "QueueArn",
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesNotVisible",
  "ApproximateNumberOfMessagesDelayed",
  "CreatedTimestamp",
  "LastModifiedTimestamp",
]);

const STANDARD_DEFAULTS: readonly (readonly [string, string])[] = [
  ["VisibilityTimeout", "30"],
  ["DelaySeconds", "0"],
  ["MaximumMessageSize", String(SQS_MAX_MESSAGE_BYTES)],
  ["MessageRetentionPeriod", "345600"],
  ["ReceiveMessageWaitTimeSeconds", "0"],
  ["SqsManagedSseEnabled", "true"],
];

const FIFO_DEFAULTS: readonly (readonly [string, string])[] = [
  ["FifoQueue", "true"],
  ["ContentBasedDeduplication", "false"],
  ["DeduplicationScope", "queue"],
  ["FifoThroughputLimit", "perQueue"],
];

export type AttributeValues = ReadonlyMap<string, string>;

export function defaultAttributes(isFifo: boolean): Map<string, string> {
  return new Map(isFifo ? [...STANDARD_DEFAULTS, ...FIFO_DEFAULTS] : STANDARD_DEFAULTS);
}

export function isKnownAttribute(name: string): boolean {
  return COMPUTED_ATTRIBUTES.has(name) || isSettable(name);
}

/** Checks each value on its own and returns it in the form in which the service stores it. */
export function normalizeAttributes(given: AttributeValues, isFifo: boolean): Map<string, string> {
  const normalized = new Map<string, string>();
  for (const [name, value] of given) {
    if (!isSettable(name)) throw unknownAttribute(name);
    if (!isFifo) rejectFifoAttribute(name);
    normalized.set(name, value === "" && REMOVABLE_ATTRIBUTES.has(name) ? "" : normalizeValue(name, value));
  }
  return normalized;
}

/** Returns the attributes after `changes`, checked against each other. */
export function mergeAttributes(current: AttributeValues, changes: AttributeValues): Map<string, string> {
  const merged = new Map(current);
  for (const [name, value] of changes) {
    if (value === "") merged.delete(name);
    else merged.set(name, value);
  }
  rejectTwoEncryptions(changes);
  if (changes.get("KmsMasterKeyId")) merged.set("SqsManagedSseEnabled", "false");
  else if (changes.get("SqsManagedSseEnabled") === "true") {
    merged.delete("KmsMasterKeyId");
    merged.delete("KmsDataKeyReusePeriodSeconds");
  }
  if (
    merged.get("FifoThroughputLimit") === "perMessageGroupId" &&
    merged.get("DeduplicationScope") !== "messageGroup"
  ) {
    throw sqsError(
      "InvalidAttributeValue",
      "Invalid value for the parameter FifoThroughputLimit. Reason: The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.",
    );
  }
  return merged;
}

export function unknownAttribute(name: string): Error {
  return sqsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
}

function isSettable(name: string): boolean {
  return (
    Object.hasOwn(INTEGER_ATTRIBUTES, name) ||
    Object.hasOwn(CHOICES, name) ||
    BOOLEAN_ATTRIBUTES.has(name) ||
    TEXT_ATTRIBUTES.has(name)
  );
}

function rejectFifoAttribute(name: string): void {
  if (name === "FifoQueue" || name === "ContentBasedDeduplication") throw unknownAttribute(name);
  if (Object.hasOwn(CHOICES, name)) {
    throw sqsError("InvalidAttributeName", `You can specify the ${name} only when FifoQueue is set to true.`);
  }
}

function normalizeValue(name: string, value: string): string {
  const range = INTEGER_ATTRIBUTES[name];
  if (range !== undefined) return normalizeInteger(name, value, range);
  const choices = CHOICES[name];
  if (choices !== undefined && !choices.includes(value)) throw invalidValue(name);
  if (BOOLEAN_ATTRIBUTES.has(name)) return normalizeBoolean(name, value);
  if (name === "RedrivePolicy") parseRedrivePolicy(value);
  if (name === "RedriveAllowPolicy") parseRedriveAllowPolicy(value);
  if (name === "Policy") rejectBrokenPolicy(value);
  return value;
}

function normalizeInteger(name: string, value: string, [min, max]: readonly [number, number]): string {
  const number = /^[0-9]+$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= min && number <= max)) throw invalidValue(name);
  return String(number);
}

/** Accepts any capitalisation: "True" was recorded to work. */
function normalizeBoolean(name: string, value: string): string {
  const lower = value.toLowerCase();
  if (lower !== "true" && lower !== "false") throw invalidValue(name);
  return lower;
}

function rejectBrokenPolicy(policy: string): void {
  try {
    JSON.parse(policy);
  } catch {
    throw invalidValue("Policy");
  }
}

function rejectTwoEncryptions(changes: AttributeValues): void {
  if (!changes.get("KmsMasterKeyId") || changes.get("SqsManagedSseEnabled") !== "true") return;
  throw sqsError(
    "InvalidAttributeName",
    "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.",
  );
}

function invalidValue(name: string): Error {
  return sqsError("InvalidAttributeValue", `Invalid value for the parameter ${name}.`);
}
