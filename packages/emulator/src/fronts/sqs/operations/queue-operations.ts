import { COMPUTED_ATTRIBUTES, isKnownAttribute, unknownAttribute } from "../engine/queue-attributes.ts";
import type { SqsQueue } from "../engine/sqs-queue.ts";
import type { OperationInput } from "../protocol/operation-input.ts";
import { invalidParameter, sqsError } from "../sqs-errors.ts";
import { SQS_MAX_LIST_RESULTS } from "../sqs-limits.ts";
import type { CallContext, Operation, OperationOutput } from "./operation.ts";
import { findQueue, queueDoesNotExist, queueUrl, resolveQueue } from "./resolve-queue.ts";
import { checkTags, readTags } from "./tag-operations.ts";

export const createQueue: Operation = (input, context) => {
  const name = input.text("QueueName");
  const tags = readTags(input);
  checkTags(tags);
  const address = { region: context.region, accountId: context.accountId, name };
  const queue = context.engine.createQueue(address, input.textMap("Attributes"), tags);
  return { QueueUrl: queueUrl(queue, context) };
};

export const getQueueUrl: Operation = (input, context) => {
  const accountId = input.optionalText("QueueOwnerAWSAccountId") ?? context.accountId;
  const queue = findQueue(input.text("QueueName"), accountId, context);
  if (queue === undefined) throw queueDoesNotExist();
  return { QueueUrl: queueUrl(queue, context) };
};

export const listQueues: Operation = (input, context) => {
  const prefix = input.optionalText("QueueNamePrefix") ?? "";
  const isMine = (queue: SqsQueue): boolean =>
    queue.identity.accountId === context.accountId &&
    (queue.identity.region === context.region || !context.isSigned);
  const queues = context.engine
    .queues()
    .filter((queue) => isMine(queue) && queue.identity.name.startsWith(prefix));
  return listPage("QueueUrls", queues, input, context);
};

export const listDeadLetterSourceQueues: Operation = (input, context) => {
  const sources = context.engine.sourcesOf(resolveQueue(input, context));
  const page = listPage("queueUrls", sources, input, context);
  // Unlike every other member, this one begins with a small letter, and it is present even when empty.
  return { ...page, queueUrls: page["queueUrls"] ?? [] };
};

export const deleteQueue: Operation = (input, context) => {
  context.engine.deleteQueue(resolveQueue(input, context));
  return undefined;
};

export const purgeQueue: Operation = (input, context) => {
  context.engine.purgeQueue(resolveQueue(input, context));
  return undefined;
};

export const setQueueAttributes: Operation = (input, context) => {
  context.engine.setAttributes(resolveQueue(input, context), input.textMap("Attributes"));
  return undefined;
};

export const getQueueAttributes: Operation = (input, context) => {
  const queue = resolveQueue(input, context);
  const names = input.textList("AttributeNames");
  for (const name of names) if (name !== "All" && !isKnownAttribute(name)) throw unknownAttribute(name);
  const wantsAll = names.includes("All");
  const values: Record<string, string> = {};
  for (const [name, value] of [...queue.attributes, ...computedAttributes(queue, context)]) {
    if (wantsAll || names.includes(name)) values[name] = value;
  }
  return { Attributes: Object.keys(values).length > 0 ? values : undefined };
};

function computedAttributes(queue: SqsQueue, context: CallContext): Map<string, string> {
  const { counts } = queue;
  const seconds = (engineMs: number): string => String(context.wireTime.toWireSeconds(engineMs));
  const values: Readonly<Record<string, string>> = {
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(counts.visible),
    ApproximateNumberOfMessagesNotVisible: String(counts.inFlight),
    ApproximateNumberOfMessagesDelayed: String(counts.delayed),
    CreatedTimestamp: seconds(queue.createdAtMs),
    LastModifiedTimestamp: seconds(queue.modifiedAtMs),
  };
  return new Map([...COMPUTED_ATTRIBUTES].map((name) => [name, values[name] ?? ""]));
}

function listPage(
  member: string,
  queues: readonly SqsQueue[],
  input: OperationInput,
  context: CallContext,
): NonNullable<OperationOutput> {
  const names = queues.toSorted((left, right) => (left.arn < right.arn ? -1 : 1));
  const maxResults = readMaxResults(input);
  const afterArn = readNextToken(input);
  const rest = afterArn === undefined ? names : names.filter((queue) => queue.arn > afterArn);
  const page = rest.slice(0, maxResults ?? SQS_MAX_LIST_RESULTS);
  // Without MaxResults there is one page of at most 1,000 and no token.
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html (2026-11-24)
  const hasMore = maxResults !== undefined && page.length < rest.length;
  return {
    [member]: page.length > 0 ? page.map((queue) => queueUrl(queue, context)) : undefined,
    NextToken: hasMore ? Buffer.from(page.at(-1)?.arn ?? "").toString("base64") : undefined,
  };
}

function readMaxResults(input: OperationInput): number | undefined {
  const maxResults = input.optionalInteger("MaxResults");
  if (maxResults === undefined || (maxResults >= 1 && maxResults <= SQS_MAX_LIST_RESULTS)) return maxResults;
  throw invalidParameter(
    maxResults,
    "MaxResults",
    `Must be an integer between 1 and ${SQS_MAX_LIST_RESULTS}.`,
  );
}

function readNextToken(input: OperationInput): string | undefined {
  const token = input.optionalText("NextToken");
  if (token === undefined) return undefined;
  const arn = Buffer.from(token, "base64").toString();
  if (arn.startsWith("arn:")) return arn;
  throw sqsError("InvalidParameterValue", `Invalid or expired next token.`);
}
