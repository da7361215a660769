import type { WireTime } from "../../../time/wire-time.ts";
import type { Delivery } from "../engine/queue-contract.ts";
import type { SqsQueue } from "../engine/sqs-queue.ts";
import type { MessageAttributes } from "../engine/stored-message.ts";
import { md5OfAttributes } from "../engine/checksum.ts";

/**
 * Renders a message as a record of Lambda's event.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html (2026-11-29)
 */
export function renderRecord(
  { message, receiptHandle }: Delivery,
  queue: SqsQueue,
  wireTime: WireTime,
): object {
  const { content } = message;
  const wireMs = (engineMs: number): string => String(wireTime.toWireMs(engineMs));
  return {
    messageId: message.id,
    receiptHandle,
    body: content.body,
    // JSON omits undefined members.
    attributes: {
      ApproximateReceiveCount: String(message.receiveCount),
      AWSTraceHeader: content.traceHeader,
      SentTimestamp: wireMs(message.sentAtMs),
      SequenceNumber: message.sequenceNumber,
      MessageGroupId: content.groupId,
      SenderId: content.senderId,
      MessageDeduplicationId: content.dedupId,
      ApproximateFirstReceiveTimestamp: wireMs(message.firstReceivedAtMs ?? message.lastReceivedAtMs),
      DeadLetterQueueSourceArn: message.deadLetterSourceArn,
    },
    messageAttributes: renderAttributes(content.attributes),
    md5OfBody: content.bodyMd5,
    md5OfMessageAttributes: md5OfAttributes(content.attributes),
    eventSource: "aws:sqs",
    eventSourceARN: queue.arn,
    awsRegion: queue.identity.region,
  };
}

function renderAttributes(attributes: MessageAttributes): object {
  return Object.fromEntries(
    [...attributes].map(([name, { dataType, stringValue, binaryValue }]) => [
      name,
      {
        stringValue,
        binaryValue: binaryValue?.toString("base64"),
        stringListValues: [],
        binaryListValues: [],
        dataType,
      },
    ]),
  );
}
