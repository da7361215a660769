import type { SQSEvent } from "aws-lambda";

// In the shape of https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html (2026-11-29), with every kind of attribute.

/** An event of a standard queue, with foreign messages. */
export const STANDARD_EVENT: SQSEvent = {
  Records: [
    {
      messageId: "059f36b4-87a3-44ab-83d2-661975830a7d",
      receiptHandle: "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
      body: '{"orderId":"o-1"}',
      attributes: {
        ApproximateReceiveCount: "2",
        SentTimestamp: "1545082649183",
        SenderId: "AIDAIENQZJOLO23YVJ4VO",
        ApproximateFirstReceiveTimestamp: "1545082649185",
        AWSTraceHeader: "Root=1-5759e988-bd862e3fe1be46a994272793",
      },
      messageAttributes: {
        tenant: { stringValue: "a", stringListValues: [], binaryListValues: [], dataType: "String" },
        weight: { stringValue: "12.5", stringListValues: [], binaryListValues: [], dataType: "Number" },
        stamp: { binaryValue: "AAEC/w==", stringListValues: [], binaryListValues: [], dataType: "Binary" },
        level: { stringValue: "gold", stringListValues: [], binaryListValues: [], dataType: "String.tier" },
      },
      md5OfBody: "e4e68fb7bd0e697a0ae8f1bb342846b3",
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:us-east-2:123456789012:my-queue",
      awsRegion: "us-east-2",
    },
  ],
};

/** An event of a FIFO queue, with a message that was moved there from another queue. */
export const FIFO_EVENT: SQSEvent = {
  Records: [
    {
      messageId: "11d6ee51-4cc7-4302-9e22-7cd8afdaadf5",
      receiptHandle: "AQEBBX8nesZEXmkhsmZeyIE8iQAMig7qw",
      body: '{"orderId":"o-2"}',
      attributes: {
        ApproximateReceiveCount: "1",
        SentTimestamp: "1573251510774",
        SequenceNumber: "18849496460467696128",
        MessageGroupId: "customer-7",
        SenderId: "AIDAIO23YVJENQZJOL4VO",
        MessageDeduplicationId: "1",
        ApproximateFirstReceiveTimestamp: "1573251510774",
        DeadLetterQueueSourceArn: "arn:aws:sqs:us-east-2:123456789012:before.fifo",
      },
      messageAttributes: {},
      md5OfBody: "e4e68fb7bd0e697a0ae8f1bb342846b3",
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:us-east-2:123456789012:fifo.fifo",
      awsRegion: "us-east-2",
    },
  ],
};
