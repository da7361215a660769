import {
  AddPermissionCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  paginateListQueues,
  PurgeQueueCommand,
  RemovePermissionCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { runEmulator, sqsClient } from "../support/running-emulator.ts";

describe("queues", () => {
  test("a URL names the host that the client used, the account and the queue", async () => {
    const { endpoint, sqs, createQueue } = await runEmulator();
    expect(await createQueue("orders")).toBe(`${endpoint}/000000000000/orders`);
    const found = await sqs.send(new GetQueueUrlCommand({ QueueName: "orders" }));
    expect(found.QueueUrl).toBe(`${endpoint}/000000000000/orders`);
  });

  test("any URL that ends in account and name finds the queue", async () => {
    const { sqs, createQueue } = await runEmulator();
    await createQueue("orders");
    const QueueUrl = "https://sqs.eu-west-1.amazonaws.com/000000000000/orders";
    expect((await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "a" }))).MessageId).toBeDefined();
  });

  test("the attributes of a new queue are those of the service", async () => {
    const { sqs, createQueue } = await runEmulator();
    const QueueUrl = await createQueue("orders.fifo");
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
    );
    const { CreatedTimestamp, LastModifiedTimestamp, ...rest } = Attributes ?? {};
    expect(Math.abs(Number(CreatedTimestamp) * 1000 - Date.now())).toBeLessThan(60_000);
    expect(LastModifiedTimestamp).toBe(CreatedTimestamp);
    expect(rest).toEqual({
      ApproximateNumberOfMessages: "0",
      ApproximateNumberOfMessagesDelayed: "0",
      ApproximateNumberOfMessagesNotVisible: "0",
      ContentBasedDeduplication: "false",
      DeduplicationScope: "queue",
      DelaySeconds: "0",
      FifoQueue: "true",
      FifoThroughputLimit: "perQueue",
      MaximumMessageSize: "1048576",
      MessageRetentionPeriod: "345600",
      QueueArn: "arn:aws:sqs:eu-west-1:000000000000:orders.fifo",
      ReceiveMessageWaitTimeSeconds: "0",
      SqsManagedSseEnabled: "true",
      VisibilityTimeout: "30",
    });
  });

  test("attributes can be set, selected and removed", async () => {
    const { sqs, createQueue } = await runEmulator();
    const QueueUrl = await createQueue("orders", { VisibilityTimeout: "20" });
    const policy = JSON.stringify({ Version: "2012-10-17", Statement: [] });
    await sqs.send(
      new SetQueueAttributesCommand({ QueueUrl, Attributes: { DelaySeconds: "7", Policy: policy } }),
    );
    const read = new GetQueueAttributesCommand({
      QueueUrl,
      AttributeNames: ["VisibilityTimeout", "DelaySeconds", "Policy"],
    });
    expect((await sqs.send(read)).Attributes).toEqual({
      VisibilityTimeout: "20",
      DelaySeconds: "7",
      Policy: policy,
    });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: "" } }));
    const gone = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["Policy"] });
    expect((await sqs.send(gone)).Attributes).toBeUndefined();
  });

  test("lists are sorted, filtered by prefix and come in pages", async () => {
    const { endpoint, sqs, createQueue } = await runEmulator();
    expect((await sqs.send(new ListQueuesCommand({}))).QueueUrls).toBeUndefined();
    for (const name of ["b-2", "a-1", "b-3", "b-1"]) await createQueue(name);
    const names = (urls: readonly string[] | undefined) =>
      urls?.map((url) => url.replace(`${endpoint}/000000000000/`, ""));
    expect(names((await sqs.send(new ListQueuesCommand({}))).QueueUrls)).toEqual([
      "a-1",
      "b-1",
      "b-2",
      "b-3",
    ]);
    const pages: unknown[] = [];
    for await (const page of paginateListQueues({ client: sqs, pageSize: 2 }, { QueueNamePrefix: "b-" })) {
      pages.push(names(page.QueueUrls));
    }
    expect(pages).toEqual([["b-1", "b-2"], ["b-3"]]);
  });

  test("regions and twelve-digit access keys see queues of their own", async () => {
    const { endpoint, createQueue } = await runEmulator();
    await createQueue("orders");
    const elsewhere = sqsClient(endpoint, { region: "ap-south-1" });
    const other = sqsClient(endpoint, { accessKeyId: "111122223333" });
    expect((await elsewhere.send(new ListQueuesCommand({}))).QueueUrls).toBeUndefined();
    expect((await other.send(new ListQueuesCommand({}))).QueueUrls).toBeUndefined();
    const QueueUrl = `${endpoint}/000000000000/orders`;
    await other.send(new SendMessageCommand({ QueueUrl, MessageBody: "across accounts" }));
    elsewhere.destroy();
    other.destroy();
  });

  test("tags are kept, merged and removed", async () => {
    const { sqs, createQueue } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    expect((await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags).toBeUndefined();
    await sqs.send(new TagQueueCommand({ QueueUrl, Tags: { team: "a", stage: "test", empty: "" } }));
    await sqs.send(new TagQueueCommand({ QueueUrl, Tags: { team: "b" } }));
    await sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: ["stage", "unknown"] }));
    expect((await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags).toEqual({ team: "b", empty: "" });
  });

  test("permissions become statements of the policy", async () => {
    const { sqs, createQueue } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    const AWSAccountIds = ["111122223333", "444455556666"];
    await sqs.send(
      new AddPermissionCommand({ QueueUrl, Label: "all", AWSAccountIds, Actions: ["SendMessage", "*"] }),
    );
    await sqs.send(
      new AddPermissionCommand({
        QueueUrl,
        Label: "one",
        AWSAccountIds: ["111122223333"],
        Actions: ["ReceiveMessage"],
      }),
    );
    const read = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["Policy"] });
    const arn = "arn:aws:sqs:eu-west-1:000000000000:orders";
    expect(JSON.parse((await sqs.send(read)).Attributes?.Policy ?? "")).toEqual({
      Version: "2008-10-17",
      Id: `${arn}/SQSDefaultPolicy`,
      Statement: [
        {
          Sid: "all",
          Effect: "Allow",
          Principal: { AWS: ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root"] },
          Action: ["SQS:SendMessage", "SQS:*"],
          Resource: arn,
        },
        {
          Sid: "one",
          Effect: "Allow",
          Principal: { AWS: "arn:aws:iam::111122223333:root" },
          Action: "SQS:ReceiveMessage",
          Resource: arn,
        },
      ],
    });
    for (const Label of ["all", "one"]) await sqs.send(new RemovePermissionCommand({ QueueUrl, Label }));
    expect((await sqs.send(read)).Attributes).toBeUndefined();
  });

  test("a purged queue is empty and a deleted one is gone", async () => {
    const { emulator, sqs, createQueue } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "a" }));
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    expect(emulator.sqs.queues()[0]).toMatchObject({ name: "orders", visible: 0, messages: [] });
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    expect(emulator.sqs.queues()).toEqual([]);
  });
});
