import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { runEmulator } from "../support/running-emulator.ts";

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
      new ReceiveMessageCommand({
        QueueUrl,
        MessageSystemAttributeNames: ["All"],
        MessageAttributeNames: ["All"],
      }),
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

  test("a message contains only the attributes requested", async () => {
    const { sqs, createQueue } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "a", MessageAttributes }));
    const [message] = (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages ?? [];
    expect(Object.keys(message ?? {}).toSorted()).toEqual([
      "Body",
      "MD5OfBody",
      "MessageId",
      "ReceiptHandle",
    ]);
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
    const [message] =
      (await sqs.send(new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames }))).Messages ?? [];
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
    const sent = await sqs.send(
      new SendMessageCommand({ QueueUrl, MessageBody: "a", MessageGroupId: "tenant" }),
    );
    expect(sent.SequenceNumber).toBeUndefined();
    const received = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ["MessageGroupId"] }),
    );
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
      sqs.send(
        new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId: "g", MessageDeduplicationId: "d" }),
      );
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
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    const [a, b, c, d] = Messages.map(({ ReceiptHandle }) => ReceiptHandle ?? "");
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: a }));
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: b, VisibilityTimeout: 0 }));
    const deleted = await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: [
          { Id: "c", ReceiptHandle: c },
          { Id: "x", ReceiptHandle: "bad" },
        ],
      }),
    );
    expect(deleted.Successful).toEqual([{ Id: "c" }]);
    expect(deleted.Failed).toEqual([
      {
        Id: "x",
        Code: "ReceiptHandleIsInvalid",
        Message: expect.stringContaining("not a valid receipt handle"),
        SenderFault: true,
      },
    ]);
    const changed = await sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl,
        Entries: [{ Id: "d", ReceiptHandle: d, VisibilityTimeout: 0 }],
      }),
    );
    expect(changed.Successful).toEqual([{ Id: "d" }]);
    expect(emulator.sqs.queues()[0]).toMatchObject({ visible: 2, inFlight: 0 });
  });
});
