import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  type Message,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { LambdaContext, SqsBatchResponse, SqsEvent, SqsRecord } from "../../src/lambda.ts";

export type LambdaFunction = (event: SqsEvent, context?: LambdaContext) => Promise<SqsBatchResponse>;

export interface MappingOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly queueArn: string;
  /** @default 10 */
  readonly batchSize?: number;
  /** False: a mapping without ReportBatchItemFailures. @default true */
  readonly isPartial?: boolean;
  readonly context?: LambdaContext;
  /** How long a poll waits for messages. @default 0 */
  readonly waitSeconds?: number;
  /** Ends a poll that waits. */
  readonly signal?: AbortSignal;
}

/** What one poll of the mapping did, if the queue had messages. */
export interface Invocation {
  readonly event: SqsEvent;
  /** Undefined if the function rejected; nothing was deleted then. */
  readonly response: SqsBatchResponse | undefined;
}

/** Does what Lambda does, with the plain SDK: polls, calls the function, deletes what it does not list. */
export async function invokeOnce(
  handler: LambdaFunction,
  options: MappingOptions,
): Promise<Invocation | undefined> {
  const { client, queueUrl, isPartial = true, context } = options;
  const messages = await poll(options);
  if (messages.length === 0) return undefined;
  const event = { Records: messages.map((message) => recordOf(message, options.queueArn)) };
  const response = await handler(event, context).catch(() => undefined);
  if (response === undefined) return { event, response };
  const failed = new Set(isPartial ? response.batchItemFailures.map((item) => item.itemIdentifier) : []);
  const done = event.Records.filter(({ messageId }) => !failed.has(messageId));
  if (done.length > 0) {
    const Entries = done.map(({ receiptHandle }, index) => ({
      Id: String(index),
      ReceiptHandle: receiptHandle,
    }));
    await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  }
  return { event, response };
}

async function poll(options: MappingOptions): Promise<readonly Message[]> {
  const { client, queueUrl, batchSize = 10, waitSeconds = 0, signal } = options;
  const receive = new ReceiveMessageCommand({
    QueueUrl: queueUrl,
    MaxNumberOfMessages: batchSize,
    WaitTimeSeconds: waitSeconds,
    MessageSystemAttributeNames: ["All"],
    MessageAttributeNames: ["All"],
  });
  try {
    const { Messages: messages = [] } = await client.send(
      receive,
      signal === undefined ? {} : { abortSignal: signal },
    );
    return messages;
  } catch (error) {
    if (signal?.aborted === true) return [];
    throw error;
  }
}

/** Turns a message of the SDK into a record of an event. */
function recordOf(message: Message, queueArn: string): SqsRecord {
  return {
    messageId: message.MessageId ?? "",
    receiptHandle: message.ReceiptHandle ?? "",
    body: message.Body ?? "",
    attributes: message.Attributes ?? {},
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [
        name,
        {
          dataType: value.DataType,
          stringValue: value.StringValue,
          binaryValue: value.BinaryValue && Buffer.from(value.BinaryValue).toString("base64"),
        },
      ]),
    ),
    eventSource: "aws:sqs",
    eventSourceARN: queueArn,
    awsRegion: queueArn.split(":")[3] ?? "",
  };
}
