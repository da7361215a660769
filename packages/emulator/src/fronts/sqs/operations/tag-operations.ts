import type { OperationInput } from "../protocol/operation-input.ts";
import { missingParameter, sqsError } from "../sqs-errors.ts";
import { SQS_MAX_TAGS } from "../sqs-limits.ts";
import type { Operation } from "./operation.ts";
import { resolveQueue } from "./resolve-queue.ts";

const MAX_TAG_KEY_LENGTH = 128;
const MAX_TAG_VALUE_LENGTH = 256;

export const tagQueue: Operation = (input, context) => {
  const queue = resolveQueue(input, context);
  const tags = readTags(input);
  if (tags.size === 0) throw missingParameter("Tags");
  const merged = new Map([...queue.tags, ...tags]);
  checkTags(merged);
  for (const [key, value] of tags) queue.tags.set(key, value);
  return undefined;
};

export const untagQueue: Operation = (input, context) => {
  const queue = resolveQueue(input, context);
  const keys = input.textList("TagKeys");
  if (keys.length === 0) throw sqsError("InvalidParameterValue", "Tag keys can't be empty.");
  for (const key of keys) queue.tags.delete(key);
  return undefined;
};

export const listQueueTags: Operation = (input, context) => {
  const { tags } = resolveQueue(input, context);
  return { Tags: tags.size > 0 ? Object.fromEntries(tags) : undefined };
};

/** CreateQueue calls the member `tags`, since before the naming convention; the query protocol says `Tag`. */
export function readTags(input: OperationInput): Map<string, string> {
  return input.has("tags") ? input.textMap("tags") : input.textMap("Tags");
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-tags.html (2026-11-24)
export function checkTags(tags: ReadonlyMap<string, string>): void {
  if (tags.size > SQS_MAX_TAGS) {
    throw sqsError(
      "InvalidParameterValue",
      `Too many tags added for queue. Maximum number of tags is ${SQS_MAX_TAGS}.`,
    );
  }
  for (const [key, value] of tags) {
    if (key === "" || key.length > MAX_TAG_KEY_LENGTH) {
      throw sqsError(
        "InvalidParameterValue",
        `Tag keys must be between 1 and ${MAX_TAG_KEY_LENGTH} characters in length.`,
      );
    }
    if (key.toLowerCase().startsWith("aws:")) {
      throw sqsError(
        "InvalidParameterValue",
        `Tag key ${key} is invalid. Keys that begin with aws: are reserved.`,
      );
    }
    if (value.length > MAX_TAG_VALUE_LENGTH) {
      throw sqsError(
        "InvalidParameterValue",
        `Tag values must be at most ${MAX_TAG_VALUE_LENGTH} characters in length.`,
      );
    }
  }
}
