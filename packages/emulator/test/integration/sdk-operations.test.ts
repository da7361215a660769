import {
  AddPermissionCommand,
  CancelMessageMoveTaskCommand,
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  paginateListQueues,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  RemovePermissionCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
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
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
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
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { DelaySeconds: "7", Policy: policy } }));
    const read = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["VisibilityTimeout", "DelaySeconds", "Policy"] });
    expect((await sqs.send(read)).Attributes).toEqual({ VisibilityTimeout: "20", DelaySeconds: "7", Policy: policy });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: "" } }));
    const gone = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["Policy"] });
    expect((await sqs.send(gone)).Attributes).toBeUndefined();
  });

  test("lists are sorted, filtered by prefix and come in pages", async () => {
    const { endpoint, sqs, createQueue } = await runEmulator();
    expect((await sqs.send(new ListQueuesCommand({}))).QueueUrls).toBeUndefined();
    for (const name of ["b-2", "a-1", "b-3", "b-1"]) await createQueue(name);
    const names = (urls: readonly string[] | undefined) => urls?.map((url) => url.replace(`${endpoint}/000000000000/`, ""));
    expect(names((await sqs.send(new ListQueuesCommand({}))).QueueUrls)).toEqual(["a-1", "b-1", "b-2", "b-3"]);
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
    await sqs.send(new AddPermissionCommand({ QueueUrl, Label: "all", AWSAccountIds, Actions: ["SendMessage", "*"] }));
    await sqs.send(new AddPermissionCommand({ QueueUrl, Label: "one", AWSAccountIds: ["111122223333"], Actions: ["ReceiveMessage"] }));
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

describe("messages", () => {
  const MessageAttributes = {
    text: { DataType: "String", StringValue: "Grüße" },
    number: { DataType: "Number.int", StringValue: "42" },
    bytes: { DataType: "Binary", BinaryValue: new Uint8Array([0, 1, 254, 255]) },
  };

  test("everything that was sent comes back, with every system attribute", async () => {
    const { sqs, createQueue } = await runEmulator();
    const QueueUrl = await createQueue("orders.fifo");
    const sent = await sqs.send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody: "body \u{1F600} <&> \r\n\t end",
        MessageAttributes,
        MessageSystemAttributes: { AWSTraceHeader: { DataType: "String", StringValue: "some-trace-id" } },
        MessageGroupId: "group",
        MessageDeduplicationId: "dedup",
      }),
    );
    expect(sent.MD5OfMessageSystemAttributes).toBe("fdce4f2818803f2f73becc09a54792c0");
    const received = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ["All"], MessageAttributeNames: ["All"] }),
    );
    const [message] = received.Messages ?? [];
    expect(message).toMatchObject({
      MessageId: sent.MessageId,
      Body: "body \u{1F600} <&> \r\n\t end",
      MD5OfBody: sent.MD5OfMessageBody,
      MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
      MessageAttributes,
      Attributes: {
        SenderId: "test",
        ApproximateReceiveCount: "1",
        SequenceNumber: sent.SequenceNumber,
        MessageGroupId: "group",
        MessageDeduplicationId: "dedup",
        AWSTraceHeader: "some-trace-id",
      },
    });
    const { SentTimestamp, ApproximateFirstReceiveTimestamp } = message?.Attributes ?? {};
    expect(Math.abs(Number(SentTimestamp) - Date.now())).toBeLessThan(60_000);
    expect(Number(ApproximateFirstReceiveTimestamp)).toBeGreaterThanOrEqual(Number(SentTimestamp));
  });

  test("nothing that was not asked for comes with a message", async () => {
    const { sqs, createQueue } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "a", MessageAttributes }));
    const [message] = (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages ?? [];
    expect(Object.keys(message ?? {}).toSorted()).toEqual(["Body", "MD5OfBody", "MessageId", "ReceiptHandle"]);
  });

  // Recorded from the service.
  test.each([
    [["All"], "4c360f3fdafd970e05fae2f149d997f5", ["General", "Hello", "Help.Me"]],
    [[".*"], "4c360f3fdafd970e05fae2f149d997f5", ["General", "Hello", "Help.Me"]],
    [["Hello", "General"], "fca026605781cb4126a1e9044df24232", ["General", "Hello"]],
    [["Hello", "Missing"], "a311262e065454b75da111d535b8dacd", ["Hello"]],
    [["Hel.*"], "83fee93c1bcd8b9a5a923ffacdc636c7", ["Hello", "Help.Me"]],
    [["Missing"], undefined, []],
  ])("asking for %j gives the digest of what is returned", async (MessageAttributeNames, digest, names) => {
    const { sqs, createQueue } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    const text = (StringValue: string) => ({ DataType: "String", StringValue });
    const attributes = { Hello: text("There"), General: text("Kenobi"), "Help.Me": text("Me") };
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "msg", MessageAttributes: attributes }));
    const [message] = (await sqs.send(new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames }))).Messages ?? [];
    expect(message?.MD5OfMessageAttributes).toBe(digest);
    expect(Object.keys(message?.MessageAttributes ?? {}).toSorted()).toEqual(names);
  });

  test("an empty receive has no Messages", async () => {
    const { sqs, createQueue } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    expect((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toBeUndefined();
  });

  test("a standard queue takes a message group for fairness and gives no sequence number", async () => {
    const { sqs, createQueue } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "a", MessageGroupId: "tenant" }));
    expect(sent.SequenceNumber).toBeUndefined();
    const received = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ["MessageGroupId"] }));
    expect(received.Messages?.[0]?.Attributes).toEqual({ MessageGroupId: "tenant" });
  });

  test("content-based deduplication looks at the body and at nothing else", async () => {
    const { sqs, createQueue } = await runEmulator();
    const QueueUrl = await createQueue("orders.fifo", { ContentBasedDeduplication: "true" });
    const send = (MessageBody: string, more = {}) =>
      sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId: "g", ...more }));
    const first = await send("a");
    const second = await send("a", { MessageAttributes });
    expect([second.MessageId, second.SequenceNumber]).toEqual([first.MessageId, first.SequenceNumber]);
    const third = await send("a", { MessageDeduplicationId: "explicit" });
    expect(third.MessageId).not.toBe(first.MessageId);
  });

  test("a duplicate with another body is answered with the digest of what was sent", async () => {
    const { sqs, createQueue } = await runEmulator();
    const QueueUrl = await createQueue("orders.fifo");
    const send = (MessageBody: string) =>
      sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId: "g", MessageDeduplicationId: "d" }));
    const first = await send("one body");
    const second = await send("another body");
    expect(second.MessageId).toBe(first.MessageId);
    expect(second.MD5OfMessageBody).not.toBe(first.MD5OfMessageBody);
  });

  test("messages are settled one by one and in batches", async () => {
    const { emulator, sqs, createQueue } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    const Entries = ["a", "b", "c", "d"].map((Id) => ({ Id, MessageBody: Id }));
    const sent = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    expect(sent.Successful?.map(({ Id }) => Id)).toEqual(["a", "b", "c", "d"]);
    expect(sent.Failed).toBeUndefined();
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    const [a, b, c, d] = Messages.map(({ ReceiptHandle }) => ReceiptHandle ?? "");
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: a }));
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: b, VisibilityTimeout: 0 }));
    const deleted = await sqs.send(
      new DeleteMessageBatchCommand({ QueueUrl, Entries: [{ Id: "c", ReceiptHandle: c }, { Id: "x", ReceiptHandle: "bad" }] }),
    );
    expect(deleted.Successful).toEqual([{ Id: "c" }]);
    expect(deleted.Failed).toEqual([
      { Id: "x", Code: "ReceiptHandleIsInvalid", Message: expect.stringContaining("not a valid receipt handle"), SenderFault: true },
    ]);
    const changed = await sqs.send(
      new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries: [{ Id: "d", ReceiptHandle: d, VisibilityTimeout: 0 }] }),
    );
    expect(changed.Successful).toEqual([{ Id: "d" }]);
    expect(emulator.sqs.queues()[0]).toMatchObject({ visible: 2, inFlight: 0 });
  });
});

describe("dead-letter queues", () => {
  test("name their sources and give messages back", async () => {
    const { emulator, sqs, createQueue } = await runEmulator();
    const deadUrl = await createQueue("dead");
    const SourceArn = "arn:aws:sqs:eu-west-1:000000000000:dead";
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: SourceArn, maxReceiveCount: "1" });
    const QueueUrl = await createQueue("orders", { RedrivePolicy, VisibilityTimeout: "0" });
    const sources = await sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: deadUrl }));
    expect(sources.queueUrls).toEqual([QueueUrl]);
    expect((await sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl }))).queueUrls).toEqual([]);

    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "poison" }));
    for (let receives = 0; receives < 2; receives += 1) await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    const dead = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: deadUrl, MessageSystemAttributeNames: ["All"], VisibilityTimeout: 0 }),
    );
    expect(dead.Messages?.[0]?.Attributes).toMatchObject({
      ApproximateReceiveCount: "2",
      DeadLetterQueueSourceArn: "arn:aws:sqs:eu-west-1:000000000000:orders",
    });

    const { TaskHandle } = await sqs.send(new StartMessageMoveTaskCommand({ SourceArn, MaxNumberOfMessagesPerSecond: 1 }));
    const list = new ListMessageMoveTasksCommand({ SourceArn });
    expect((await sqs.send(list)).Results).toMatchObject([{ Status: "RUNNING", TaskHandle, ApproximateNumberOfMessagesToMove: 1 }]);
    await emulator.clock.advance(1000);
    const [done] = (await sqs.send(list)).Results ?? [];
    expect(done).toMatchObject({ Status: "COMPLETED", ApproximateNumberOfMessagesMoved: 1, MaxNumberOfMessagesPerSecond: 1 });
    expect(done?.TaskHandle).toBeUndefined();
    expect(Math.abs((done?.StartedTimestamp ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  test("a redrive can be cancelled", async () => {
    const { emulator, sqs, createQueue } = await runEmulator();
    const deadUrl = await createQueue("dead");
    const SourceArn = "arn:aws:sqs:eu-west-1:000000000000:dead";
    await createQueue("orders", { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: SourceArn, maxReceiveCount: 1 }) });
    await createQueue("elsewhere");
    for (const MessageBody of ["a", "b", "c"]) await sqs.send(new SendMessageCommand({ QueueUrl: deadUrl, MessageBody }));
    const DestinationArn = "arn:aws:sqs:eu-west-1:000000000000:elsewhere";
    const start = new StartMessageMoveTaskCommand({ SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond: 1 });
    const { TaskHandle } = await sqs.send(start);
    await emulator.clock.advance(1000);
    const cancelled = await sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    expect(cancelled.ApproximateNumberOfMessagesMoved).toBe(1);
    await emulator.clock.advance(1000);
    const { Results } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn, MaxResults: 10 }));
    expect(Results).toMatchObject([{ Status: "CANCELLED", DestinationArn }]);
  });
});
