import { parseQueueArn } from "../engine/queue-arn.ts";
import type { SqsQueue } from "../engine/sqs-queue.ts";
import type { OperationInput } from "../protocol/operation-input.ts";
import { sqsError } from "../sqs-errors.ts";
import type { CallContext } from "./operation.ts";

const ACCOUNT_ID = /^[0-9]{12}$/;

/** Finds the queue of a request's QueueUrl. Only the last path segments count, not scheme, host and port. */
export function resolveQueue(input: OperationInput, context: CallContext): SqsQueue {
  const queueUrl = input.text("QueueUrl");
  const parsed = parseQueueUrl(queueUrl);
  if (parsed === undefined) {
    throw sqsError("InvalidAddress", `The address ${queueUrl} is not valid for this endpoint.`);
  }
  const queue = findQueue(parsed.name, parsed.accountId ?? context.accountId, context);
  if (queue === undefined) throw queueDoesNotExist();
  return queue;
}

/** Returns undefined if the text is not an absolute URL with a path. The account may be missing from it. */
export function parseQueueUrl(
  queueUrl: string,
): { readonly name: string; readonly accountId: string | undefined } | undefined {
  const segments =
    URL.parse(queueUrl)
      ?.pathname.split("/")
      .filter((segment) => segment !== "") ?? [];
  const name = segments.at(-1);
  const account = segments.at(-2);
  if (name === undefined) return undefined;
  return { name, accountId: account !== undefined && ACCOUNT_ID.test(account) ? account : undefined };
}

export function findQueue(name: string, accountId: string, context: CallContext): SqsQueue | undefined {
  const queue = context.engine.find({ region: context.region, accountId, name });
  if (queue !== undefined || context.isSigned) return queue;
  // Without a signature there is no region, so that `curl` finds the queue in any of them.
  return context.engine
    .queues()
    .find((candidate) => candidate.identity.name === name && candidate.identity.accountId === accountId);
}

/** Finds a queue by ARN, or throws. */
export function findByArn(arn: string, parameter: string, context: CallContext): SqsQueue {
  if (parseQueueArn(arn) === undefined) {
    throw sqsError(
      "InvalidParameterValue",
      `You must use this format to specify the ${parameter}: arn:<partition>:<service>:<region>:<account-id>:<resource-id>`,
    );
  }
  const queue = context.engine.findByArn(arn);
  if (queue !== undefined) return queue;
  throw sqsError(
    "ResourceNotFoundException",
    `The resource that you specified for the ${parameter} parameter doesn't exist.`,
  );
}

export function queueUrl(queue: SqsQueue, context: CallContext): string {
  return `${context.baseUrl}/${queue.identity.accountId}/${queue.identity.name}`;
}

export function queueDoesNotExist(): Error {
  return sqsError("QueueDoesNotExist", "The specified queue does not exist.");
}
