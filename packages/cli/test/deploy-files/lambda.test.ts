import { describe, expect, test } from "vitest";
import { ordered, plain, textOf, type Given } from "./a-deployment.ts";
import { schemaProblems } from "./cloudformation-schema.ts";

interface Template extends Readonly<Record<string, unknown>> {
  readonly Resources: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

function template(
  definition: Given,
  format: "sam" | "cloudformation",
  over: Parameters<typeof textOf>[3] = {},
): Template {
  return JSON.parse(textOf(definition, "lambda", format, over)) as Template;
}

/** The package's SAM schema is from 2016. Checked below instead: the mapping that SAM makes of these two. */
const YOUNGER_THAN_SAM_SCHEMA =
  /Events\.\w+\.Properties\.(?:FunctionResponseTypes|ScalingConfig) is not known$/;

describe.each(["sam", "cloudformation"] as const)("the %s template", (format) => {
  test.each([
    ["a queue", plain],
    ["a FIFO queue", ordered],
  ] as const)("of %s fits the vendor's schema", (_name, definition) => {
    const problems = schemaProblems(template(definition, format));
    expect(problems.filter((problem) => !YOUNGER_THAN_SAM_SCHEMA.test(problem))).toEqual([]);
  });

  test("lets no message come again while its function runs, and moves it as late as the attempts need", () => {
    const { Resources } = template(plain, format, { over: { timeoutS: 20, batchSize: 50, windowS: 5 } });
    expect(Resources["OrdersQueue"]?.["Properties"]).toMatchObject({
      QueueName: "orders",
      VisibilityTimeout: 125,
      MessageRetentionPeriod: 1_209_600,
      RedrivePolicy: {
        deadLetterTargetArn: { "Fn::GetAtt": ["OrdersDeadLetterQueue", "Arn"] },
        maxReceiveCount: 10,
      },
    });
    expect(Resources["OrdersDeadLetterQueue"]?.["Properties"]).toMatchObject({
      QueueName: "orders-dead",
      MessageRetentionPeriod: 1_209_600,
    });
  });

  test("gives followers of a failing FIFO message room, and both queues their ending", () => {
    const { Resources } = template(ordered, format);
    expect(Resources["OrdersQueue"]?.["Properties"]).toMatchObject({
      QueueName: "orders.fifo",
      FifoQueue: true,
      RedrivePolicy: { maxReceiveCount: 50 },
    });
    expect(Resources["OrdersDeadLetterQueue"]?.["Properties"]).toMatchObject({
      QueueName: "orders-dead.fifo",
      FifoQueue: true,
    });
  });

  test("has a mapping that deletes nothing that failed, bounded", () => {
    const text = textOf(plain, "lambda", format, { over: { batchSize: 50, windowS: 5, concurrency: 7 } });
    expect(text).toContain('"ReportBatchItemFailures"');
    expect(text).toContain('"MaximumConcurrency": 7');
    expect(text).toContain('"BatchSize": 50');
    expect(text).toContain('"MaximumBatchingWindowInSeconds": 5');
  });

  test("allows what is needed and nothing else", () => {
    const text = textOf(plain, "lambda", format);
    const actions = [...text.matchAll(/"(sqs:\w+)"/g)].map(([, action]) => String(action));
    expect(actions.toSorted()).toEqual([
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:ReceiveMessage",
      "sqs:SendMessage",
    ]);
    expect(text).not.toContain('"*"');
  });
});

/** SAM adds AWSLambdaSQSQueueExecutionRole to a role of its own: it may read and empty every queue. */
test("the SAM function has a role that may use these queues alone, and write its log", () => {
  const { Resources } = template(plain, "sam");
  expect(Resources["OrdersFunction"]?.["Properties"]).toMatchObject({
    Role: { "Fn::GetAtt": ["OrdersRole", "Arn"] },
  });
  expect(Resources["OrdersFunction"]?.["Properties"]).not.toHaveProperty("Policies");
  expect(Resources["OrdersRole"]?.["Properties"]).toMatchObject({
    AssumeRolePolicyDocument: {
      Statement: [{ Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
    },
    ManagedPolicyArns: [
      { "Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole" },
    ],
    Policies: [
      {
        PolicyDocument: {
          Statement: [
            { Resource: { "Fn::GetAtt": ["OrdersQueue", "Arn"] } },
            { Resource: { "Fn::GetAtt": ["OrdersDeadLetterQueue", "Arn"] } },
          ],
        },
      },
    ],
  });
});

test("the mapping that SAM makes of its event fits the vendor's schema", () => {
  const { Resources } = template(plain, "sam", { over: { batchSize: 50, windowS: 5 } });
  const { Properties } = Resources["OrdersFunction"] as {
    readonly Properties: { readonly Events: Readonly<Record<string, { readonly Properties: object }>> };
  };
  const { Queue, ...event } = { Queue: undefined, ...Properties.Events["OrdersQueue"]?.Properties };
  expect(Queue).toEqual({ "Fn::GetAtt": ["OrdersQueue", "Arn"] });
  const mapping = {
    Type: "AWS::Lambda::EventSourceMapping",
    Properties: { FunctionName: "orders", ...event },
  };
  expect(schemaProblems({ Resources: { Mapping: mapping } })).toEqual([]);
});

test("the schema finds what is wrong: a template with a misspelt and a missing property", () => {
  const { Resources } = template(plain, "cloudformation");
  const broken = {
    Resources: {
      Mapping: { Type: "AWS::Lambda::EventSourceMapping", Properties: { BatchSzie: 10, Enabled: "yes" } },
      Queue: { Type: "AWS::SQS::Queu" },
      Good: Resources["OrdersQueue"],
    },
  };
  expect(schemaProblems(broken)).toEqual([
    "Mapping.FunctionName is missing",
    "Mapping.BatchSzie is not known",
    "Mapping.Enabled is neither true nor false",
    "Queue: no resource AWS::SQS::Queu",
  ]);
});
