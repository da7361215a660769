import { invalidParameter, sqsError } from "../sqs-errors.ts";
import { SQS_MAX_RECEIVE_COUNT, SQS_MAX_REDRIVE_SOURCES } from "../sqs-limits.ts";
import { isQueueArn } from "./queue-arn.ts";

export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

/** Which queues may use this one as their dead-letter queue. */
export interface RedriveAllowPolicy {
  readonly redrivePermission: "allowAll" | "denyAll" | "byQueue";
  readonly sourceQueueArns: readonly string[];
}

export const ALLOW_ALL_SOURCES: RedriveAllowPolicy = { redrivePermission: "allowAll", sourceQueueArns: [] };

export function parseRedrivePolicy(json: string): RedrivePolicy {
  const fields = parseJsonObject(json, "RedrivePolicy");
  const arn = fields["deadLetterTargetArn"];
  const count = fields["maxReceiveCount"];
  if (arn === undefined)
    throw policyError(
      json,
      "RedrivePolicy",
      "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.",
    );
  if (count === undefined)
    throw policyError(
      json,
      "RedrivePolicy",
      "Redrive policy does not contain mandatory attribute: maxReceiveCount.",
    );
  if (typeof arn !== "string" || !isQueueArn(arn)) {
    throw policyError(json, "RedrivePolicy", "Invalid value for deadLetterTargetArn.");
  }
  const maxReceiveCount = typeof count === "string" ? Number(count) : count;
  if (typeof maxReceiveCount !== "number" || !isReceiveCount(maxReceiveCount)) {
    const reason = `Invalid value for maxReceiveCount: ${JSON.stringify(count)}, valid values are from 1 to ${SQS_MAX_RECEIVE_COUNT} both inclusive.`;
    throw policyError(json, "RedrivePolicy", reason);
  }
  return { deadLetterTargetArn: arn, maxReceiveCount };
}

export function parseRedriveAllowPolicy(json: string): RedriveAllowPolicy {
  const fields = parseJsonObject(json, "RedriveAllowPolicy");
  const permission = fields["redrivePermission"];
  if (permission !== "allowAll" && permission !== "denyAll" && permission !== "byQueue") {
    throw policyError(json, "RedriveAllowPolicy", "Invalid value for redrivePermission.");
  }
  const arns = fields["sourceQueueArns"];
  if (permission !== "byQueue") {
    if (arns === undefined) return { redrivePermission: permission, sourceQueueArns: [] };
    throw policyError(
      json,
      "RedriveAllowPolicy",
      "sourceQueueArns can only be specified with redrivePermission byQueue.",
    );
  }
  if (!Array.isArray(arns) || arns.length === 0 || arns.length > SQS_MAX_REDRIVE_SOURCES) {
    throw policyError(
      json,
      "RedriveAllowPolicy",
      `sourceQueueArns must contain 1 to ${SQS_MAX_REDRIVE_SOURCES} queue ARNs.`,
    );
  }
  const sourceQueueArns = arns.filter((arn): arn is string => typeof arn === "string" && isQueueArn(arn));
  if (sourceQueueArns.length !== arns.length) {
    throw policyError(json, "RedriveAllowPolicy", "Invalid value for sourceQueueArns.");
  }
  return { redrivePermission: permission, sourceQueueArns };
}

export function allowsSource(policy: RedriveAllowPolicy, sourceArn: string): boolean {
  if (policy.redrivePermission === "byQueue") return policy.sourceQueueArns.includes(sourceArn);
  return policy.redrivePermission === "allowAll";
}

function isReceiveCount(count: number): boolean {
  return Number.isInteger(count) && count >= 1 && count <= SQS_MAX_RECEIVE_COUNT;
}

function policyError(json: string, attribute: string, reason: string): Error {
  return invalidParameter(json, attribute, reason);
}

function parseJsonObject(json: string, attribute: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Refused below, like any other value that is not an object.
  }
  throw sqsError(
    "InvalidAttributeValue",
    `Invalid value for the parameter ${attribute}. Reason: ${attribute} must be a valid JSON map.`,
  );
}
