import SQS from "aws-sdk/clients/sqs.js";
import { expect, test } from "vitest";
import { withEmulator } from "./external-client.ts";

/** Version 2 spoke the query protocol, forms out and XML back, until November 2023. This one is from 2020. */
function clientOf(endpoint: string | undefined): SQS {
  return new SQS({
    endpoint: endpoint ?? "",
    region: "eu-west-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxRetries: 0,
  });
}

test("the AWS SDK v2 sends, receives and settles in the query protocol and verifies our digests", async () => {
  await withEmulator(async (emulator) => {
    const sqs = clientOf(emulator.endpoints.sqs);
    const created = await sqs
      .createQueue({ QueueName: "old", Attributes: { VisibilityTimeout: "60" }, tags: { team: "a" } })
      .promise();
    const url = created.QueueUrl ?? "";
    const attributes = {
      tenant: { DataType: "String", StringValue: "a & b" },
      raw: { DataType: "Binary", BinaryValue: Buffer.from([0, 255]) },
    };
    const sent = await sqs
      .sendMessageBatch({
        QueueUrl: url,
        Entries: [
          { Id: "first", MessageBody: "<héllo>", MessageAttributes: attributes },
          { Id: "bad", MessageBody: "late", DelaySeconds: 901 },
        ],
      })
      .promise();
    expect(sent.Successful).toMatchObject([{ Id: "first" }]);
    expect(sent.Failed).toMatchObject([{ Id: "bad", SenderFault: true, Code: "InvalidParameterValue" }]);
    const received = await sqs
      .receiveMessage({ QueueUrl: url, MessageAttributeNames: ["All"], AttributeNames: ["All"] })
      .promise();
    const [message] = received.Messages ?? [];
    expect(message).toMatchObject({
      Body: "<héllo>",
      Attributes: { ApproximateReceiveCount: "1" },
      MessageAttributes: { tenant: { StringValue: "a & b" } },
    });
    expect(message?.MessageAttributes?.["raw"]?.BinaryValue).toEqual(Buffer.from([0, 255]));
    const deleted = await sqs
      .deleteMessageBatch({
        QueueUrl: url,
        Entries: [{ Id: "a", ReceiptHandle: message?.ReceiptHandle ?? "" }],
      })
      .promise();
    expect(deleted.Successful).toEqual([{ Id: "a" }]);
    expect((await sqs.listQueueTags({ QueueUrl: url }).promise()).Tags).toEqual({ team: "a" });
    expect(new Set(emulator.log.entries().map(({ wire }) => wire))).toEqual(new Set(["query"]));
  });
});

test("the AWS SDK v2 reads our error codes", async () => {
  await withEmulator(async (emulator) => {
    const sqs = clientOf(emulator.endpoints.sqs);
    await expect(sqs.getQueueUrl({ QueueName: "nowhere" }).promise()).rejects.toMatchObject({
      code: "AWS.SimpleQueueService.NonExistentQueue",
      statusCode: 400,
    });
    const { QueueUrl: url = "" } = await sqs.createQueue({ QueueName: "old" }).promise();
    await expect(
      sqs.receiveMessage({ QueueUrl: url, MaxNumberOfMessages: 11 }).promise(),
    ).rejects.toMatchObject({
      code: "InvalidParameterValue",
      message:
        "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
    });
  });
});
