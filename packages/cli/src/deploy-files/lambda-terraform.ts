import type { Deployment } from "./deployment.ts";
import type { GeneratedFile } from "./generated-file.ts";
import { Block, ref, terraformFile, variable, type Section } from "./hcl.ts";
import {
  DEAD_LETTER_ACTIONS,
  isFifo,
  MAX_RETENTION_S,
  QUEUE_ACTIONS,
  RESPONSE_TYPES,
  visibilityS,
} from "./lambda-settings.ts";

/** Queue, dead-letter queue, mapping and permissions for an existing function. */
export function lambdaTerraform(deployment: Deployment): GeneratedFile {
  return terraformFile([
    variable("function_name", "Name or ARN of the function"),
    variable("function_role_name", "Name of the role that the function runs with"),
    ...queues(deployment),
    ...access(deployment),
    mapping(deployment),
  ]);
}

function queues(deployment: Deployment): readonly Section[] {
  const { label, names, maxDeliveries } = deployment;
  const fifo = isFifo(deployment) ? true : undefined;
  return [
    {
      head: ["resource", "aws_sqs_queue", `${label}_dead`],
      body: {
        name: names.deadLetter,
        fifo_queue: fifo,
        message_retention_seconds: MAX_RETENTION_S,
        sqs_managed_sse_enabled: true,
      },
    },
    {
      head: ["resource", "aws_sqs_queue", label],
      remark: "Six times the function's timeout at least, and the mapping's window.",
      body: {
        name: names.queue,
        fifo_queue: fifo,
        visibility_timeout_seconds: visibilityS(deployment),
        message_retention_seconds: MAX_RETENTION_S,
        redrive_policy: ref(
          `jsonencode({ deadLetterTargetArn = aws_sqs_queue.${label}_dead.arn, maxReceiveCount = ${maxDeliveries} })`,
        ),
        sqs_managed_sse_enabled: true,
      },
    },
  ];
}

function access({ label }: Deployment): readonly Section[] {
  return [
    {
      head: ["data", "aws_iam_policy_document", label],
      body: {
        statement: new Block({ actions: QUEUE_ACTIONS, resources: [ref(`aws_sqs_queue.${label}.arn`)] }),
      },
    },
    {
      head: ["data", "aws_iam_policy_document", `${label}_dead`],
      body: {
        source_policy_documents: [ref(`data.aws_iam_policy_document.${label}.json`)],
        statement: new Block({
          actions: DEAD_LETTER_ACTIONS,
          resources: [ref(`aws_sqs_queue.${label}_dead.arn`)],
        }),
      },
    },
    {
      head: ["resource", "aws_iam_role_policy", label],
      body: {
        name: `${label}-queue`,
        role: ref("var.function_role_name"),
        policy: ref(`data.aws_iam_policy_document.${label}_dead.json`),
      },
    },
  ];
}

function mapping({ label, batchSize, windowS, concurrency }: Deployment): Section {
  return {
    head: ["resource", "aws_lambda_event_source_mapping", label],
    remark: "Without ReportBatchItemFailures what the function lists as failed is deleted.",
    body: {
      event_source_arn: ref(`aws_sqs_queue.${label}.arn`),
      function_name: ref("var.function_name"),
      batch_size: batchSize,
      maximum_batching_window_in_seconds: windowS > 0 ? windowS : undefined,
      function_response_types: RESPONSE_TYPES,
      scaling_config: new Block({ maximum_concurrency: concurrency }),
      depends_on: [ref(`aws_iam_role_policy.${label}`)],
    },
  };
}
