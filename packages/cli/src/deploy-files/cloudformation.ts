import type { Deployment } from "./deployment.ts";
import { jsonFile, ORIGIN, type GeneratedFile } from "./generated-file.ts";
import {
  DEAD_LETTER_ACTIONS,
  isFifo,
  MAX_RETENTION_S,
  QUEUE_ACTIONS,
  RESPONSE_TYPES,
  visibilityS,
} from "./lambda-settings.ts";

type Json = Readonly<Record<string, unknown>>;

/** Queue, dead-letter queue, mapping and permissions for an existing function. */
export function cloudFormationFile(deployment: Deployment): GeneratedFile {
  const { id } = deployment;
  return jsonFile("cloudformation.json", "cloudformation", {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: ORIGIN,
    Parameters: {
      FunctionName: { Type: "String", Description: "Name or ARN of the function" },
      FunctionRoleName: { Type: "String", Description: "Name of the role that the function runs with" },
    },
    Resources: {
      ...queues(deployment),
      [`${id}Access`]: {
        Type: "AWS::IAM::Policy",
        Properties: {
          ...policy(deployment),
          Roles: [{ Ref: "FunctionRoleName" }],
        },
      },
      [`${id}Mapping`]: {
        Type: "AWS::Lambda::EventSourceMapping",
        DependsOn: [`${id}Access`],
        Properties: {
          EventSourceArn: arnOf(`${id}Queue`),
          FunctionName: { Ref: "FunctionName" },
          ...mapping(deployment),
        },
      },
    },
    Outputs: outputs(deployment),
  });
}

/** The same including the function itself, for AWS SAM. */
export function samFile(deployment: Deployment): GeneratedFile {
  const { id, timeoutS } = deployment;
  return jsonFile("template.json", "sam", {
    AWSTemplateFormatVersion: "2010-09-09",
    Transform: "AWS::Serverless-2016-10-31",
    Description: ORIGIN,
    Parameters: {
      CodeUri: { Type: "String", Default: "./dist", Description: "Folder of the bundle" },
      Handler: { Type: "String", Default: "function.handler", Description: "File and export of the handler" },
    },
    Resources: {
      ...queues(deployment),
      // Without a role of its own, SAM makes one that may read and empty every queue of the account.
      [`${id}Role`]: { Type: "AWS::IAM::Role", Properties: role(deployment) },
      [`${id}Function`]: {
        Type: "AWS::Serverless::Function",
        Properties: {
          Runtime: "nodejs24.x",
          Handler: { Ref: "Handler" },
          CodeUri: { Ref: "CodeUri" },
          Timeout: timeoutS,
          Role: arnOf(`${id}Role`),
          Events: {
            [`${id}Queue`]: {
              Type: "SQS",
              Properties: { Queue: arnOf(`${id}Queue`), ...mapping(deployment) },
            },
          },
        },
      },
    },
    Outputs: outputs(deployment),
  });
}

function queues(deployment: Deployment): Json {
  const { id, names, maxDeliveries } = deployment;
  const fifo = isFifo(deployment) ? { FifoQueue: true } : {};
  return {
    [`${id}Queue`]: {
      Type: "AWS::SQS::Queue",
      Properties: {
        QueueName: names.queue,
        ...fifo,
        VisibilityTimeout: visibilityS(deployment),
        MessageRetentionPeriod: MAX_RETENTION_S,
        RedrivePolicy: {
          deadLetterTargetArn: arnOf(`${id}DeadLetterQueue`),
          maxReceiveCount: maxDeliveries,
        },
        SqsManagedSseEnabled: true,
      },
    },
    [`${id}DeadLetterQueue`]: {
      Type: "AWS::SQS::Queue",
      Properties: {
        QueueName: names.deadLetter,
        ...fifo,
        MessageRetentionPeriod: MAX_RETENTION_S,
        SqsManagedSseEnabled: true,
      },
    },
  };
}

function mapping({ batchSize, windowS, concurrency }: Deployment): Json {
  return {
    BatchSize: batchSize,
    ...(windowS > 0 && { MaximumBatchingWindowInSeconds: windowS }),
    FunctionResponseTypes: RESPONSE_TYPES,
    ScalingConfig: { MaximumConcurrency: concurrency },
  };
}

/** For a Lambda function that writes its log and uses its queue. */
function role(deployment: Deployment): Json {
  return {
    AssumeRolePolicyDocument: {
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
      ],
    },
    ManagedPolicyArns: [{ "Fn::Sub": WRITES_LOG }],
    Policies: [policy(deployment)],
  };
}

const WRITES_LOG = "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";

function policy({ id, label }: Deployment): Json {
  const statements = [
    { Effect: "Allow", Action: QUEUE_ACTIONS, Resource: arnOf(`${id}Queue`) },
    { Effect: "Allow", Action: DEAD_LETTER_ACTIONS, Resource: arnOf(`${id}DeadLetterQueue`) },
  ];
  return {
    PolicyName: `${label}-queue`,
    PolicyDocument: { Version: "2012-10-17", Statement: statements },
  };
}

function outputs({ id }: Deployment): Json {
  return {
    QueueUrl: { Value: { Ref: `${id}Queue` } },
    DeadLetterQueueUrl: { Value: { Ref: `${id}DeadLetterQueue` } },
  };
}

function arnOf(resource: string): Json {
  return { "Fn::GetAtt": [resource, "Arn"] };
}
