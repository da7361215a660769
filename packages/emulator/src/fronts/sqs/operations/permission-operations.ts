import { partitionOf } from "../engine/queue-arn.ts";
import { mergeAttributes } from "../engine/queue-attributes.ts";
import type { SqsQueue } from "../engine/sqs-queue.ts";
import { isRecord } from "../protocol/operation-input.ts";
import { invalidParameter, missingParameter, sqsError } from "../sqs-errors.ts";
import type { Operation } from "./operation.ts";
import { resolveQueue } from "./resolve-queue.ts";

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html (2026-11-24)
const ACTIONS = new Set([
  "*",
  "SendMessage",
  "ReceiveMessage",
  "DeleteMessage",
  "ChangeMessageVisibility",
  "GetQueueAttributes",
  "GetQueueUrl",
  "ListDeadLetterSourceQueues",
  "PurgeQueue",
]);
const LABEL = /^[A-Za-z0-9_-]{1,80}$/;
const ACCOUNT_ID = /^[0-9]{12}$/;
const MAX_STATEMENTS = 20;

/** Stored in the queue's policy, as in the real service, but never enforced. */
export const addPermission: Operation = (input, context) => {
  const queue = resolveQueue(input, context);
  const label = readLabel(input.text("Label"));
  const statements = readStatements(queue);
  if (statements.some((statement) => statement["Sid"] === label)) {
    throw invalidParameter(label, "Label", "Already exists.");
  }
  if (statements.length >= MAX_STATEMENTS) {
    throw sqsError(
      "OverLimit",
      `${statements.length + 1} statements were found, maximum allowed is ${MAX_STATEMENTS}.`,
    );
  }
  const accounts = readAccounts(input.textList("AWSAccountIds"));
  const actions = readActions(input.textList("Actions"));
  const principals = accounts.map((id) => `arn:${partitionOf(queue.identity.region)}:iam::${id}:root`);
  storeStatements(queue, [
    ...statements,
    {
      Sid: label,
      Effect: "Allow",
      Principal: { AWS: oneOrMany(principals) },
      Action: oneOrMany(actions.map((action) => `SQS:${action}`)),
      Resource: queue.arn,
    },
  ]);
  return undefined;
};

export const removePermission: Operation = (input, context) => {
  const queue = resolveQueue(input, context);
  const label = input.text("Label");
  const statements = readStatements(queue);
  const rest = statements.filter((statement) => statement["Sid"] !== label);
  if (rest.length === statements.length) throw invalidParameter(label, "Label", "can't find label.");
  storeStatements(queue, rest);
  return undefined;
};

type Statement = Readonly<Record<string, unknown>>;

function readStatements(queue: SqsQueue): readonly Statement[] {
  const policy: unknown = JSON.parse(queue.attributes.get("Policy") ?? "{}");
  const statements = isRecord(policy) ? policy["Statement"] : undefined;
  return Array.isArray(statements) ? statements.filter(isRecord) : [];
}

function storeStatements(queue: SqsQueue, statements: readonly Statement[]): void {
  const policy = { Version: "2008-10-17", Id: `${queue.arn}/SQSDefaultPolicy`, Statement: statements };
  const json = statements.length === 0 ? "" : JSON.stringify(policy);
  queue.replaceAttributes(mergeAttributes(queue.attributes, new Map([["Policy", json]])));
}

function readLabel(label: string): string {
  if (LABEL.test(label)) return label;
  throw invalidParameter(
    label,
    "Label",
    "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.",
  );
}

function readAccounts(accounts: readonly string[]): readonly string[] {
  if (accounts.length === 0) throw missingParameter("AWSAccountIds");
  const wrong = accounts.find((account) => !ACCOUNT_ID.test(account));
  if (wrong === undefined) return accounts;
  throw invalidParameter(`[${accounts.join(", ")}]`, "PrincipalId", `Unable to verify ${wrong}.`);
}

function readActions(actions: readonly string[]): readonly string[] {
  if (actions.length === 0) throw missingParameter("Actions");
  const wrong = actions.find((action) => !ACTIONS.has(action));
  if (wrong === undefined) return actions;
  throw invalidParameter(
    `SQS:${wrong}`,
    "ActionName",
    "Please refer to the appropriate WSDL for a list of valid actions.",
  );
}

/** The service writes a list with one element as the element itself. */
function oneOrMany(items: readonly string[]): string | readonly string[] {
  return items.length === 1 ? (items[0] ?? "") : items;
}
