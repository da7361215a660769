import { expect, test } from "vitest";
import type { Emulator } from "@anyqueue/emulator";
import { requireClient, runClient, withEmulator } from "./external-client.ts";

async function aws<T>(emulator: Emulator, ...args: readonly string[]): Promise<T> {
  // Versions before 2.13 and 1.29 do not read AWS_ENDPOINT_URL_SQS.
  const endpoint = ["--endpoint-url", emulator.endpoints.sqs ?? ""];
  const output = await runClient(emulator, "aws", ["sqs", ...args, ...endpoint, "--output", "json"]);
  const parsed: T = JSON.parse(output === "" ? "{}" : output);
  return parsed;
}

test("the AWS CLI sends, receives, hides and deletes", async (context) => {
  requireClient(context, "aws", ["--version"]);
  await withEmulator(async (emulator) => {
    const { QueueUrl } = await aws<{ QueueUrl: string }>(emulator, "create-queue", "--queue-name", "cli");
    const sent = await aws<{ MessageId: string }>(
      emulator,
      "send-message",
      "--queue-url",
      QueueUrl,
      "--message-body",
      "héllo",
      "--message-attributes",
      '{"tenant":{"DataType":"String","StringValue":"a"}}',
    );
    const received = await aws<{ Messages: { MessageId: string; Body: string; ReceiptHandle: string }[] }>(
      emulator,
      "receive-message",
      "--queue-url",
      QueueUrl,
      "--message-attribute-names",
      "All",
    );
    const [message] = received.Messages;
    expect(message).toMatchObject({ MessageId: sent.MessageId, Body: "héllo" });
    const handle = ["--queue-url", QueueUrl, "--receipt-handle", message?.ReceiptHandle ?? ""];
    await aws(emulator, "change-message-visibility", ...handle, "--visibility-timeout", "60");
    const hidden = await aws<{ Attributes: Record<string, string> }>(
      emulator,
      "get-queue-attributes",
      "--queue-url",
      QueueUrl,
      "--attribute-names",
      "All",
    );
    expect(hidden.Attributes).toMatchObject({ ApproximateNumberOfMessagesNotVisible: "1" });
    await aws(emulator, "delete-message", ...handle);
    expect(await aws(emulator, "receive-message", "--queue-url", QueueUrl)).toEqual({});
  });
});

test("the AWS CLI sends batches to a FIFO queue and moves dead letters back", async (context) => {
  requireClient(context, "aws", ["--version"]);
  await withEmulator(async (emulator) => {
    const dead = await aws<{ QueueUrl: string }>(
      emulator,
      "create-queue",
      "--queue-name",
      "dead.fifo",
      "--attributes",
      "FifoQueue=true",
    );
    const deadArn = "arn:aws:sqs:eu-west-1:000000000000:dead.fifo";
    const redrive = JSON.stringify({ deadLetterTargetArn: deadArn, maxReceiveCount: 1 });
    const attributes = JSON.stringify({ FifoQueue: "true", RedrivePolicy: redrive, VisibilityTimeout: "0" });
    const source = await aws<{ QueueUrl: string }>(
      emulator,
      "create-queue",
      "--queue-name",
      "work.fifo",
      "--attributes",
      attributes,
    );
    const entries = [0, 1].map((i) => ({
      Id: `${i}`,
      MessageBody: `m${i}`,
      MessageGroupId: "g",
      MessageDeduplicationId: `${i}`,
    }));
    const batch = await aws<{ Successful: unknown[] }>(
      emulator,
      "send-message-batch",
      "--queue-url",
      source.QueueUrl,
      "--entries",
      JSON.stringify(entries),
    );
    expect(batch.Successful).toHaveLength(2);
    for (let i = 0; i < 3; i += 1)
      await aws(
        emulator,
        "receive-message",
        "--queue-url",
        source.QueueUrl,
        "--max-number-of-messages",
        "10",
      );
    const moved = await aws<{ Attributes: Record<string, string> }>(
      emulator,
      "get-queue-attributes",
      "--queue-url",
      dead.QueueUrl,
      "--attribute-names",
      "ApproximateNumberOfMessages",
    );
    expect(moved.Attributes["ApproximateNumberOfMessages"]).toBe("2");
    await aws(emulator, "start-message-move-task", "--source-arn", deadArn);
    const tasks = await aws<{ Results: { Status: string }[] }>(
      emulator,
      "list-message-move-tasks",
      "--source-arn",
      deadArn,
    );
    expect(tasks.Results[0]?.Status).toMatch(/RUNNING|COMPLETED/);
  });
});

test("the AWS CLI shows the service's own error for a missing queue", async (context) => {
  requireClient(context, "aws", ["--version"]);
  await withEmulator(async (emulator) => {
    const missing = aws(emulator, "get-queue-url", "--queue-name", "nowhere");
    await expect(missing).rejects.toThrow(/AWS\.SimpleQueueService\.NonExistentQueue|QueueDoesNotExist/);
  });
});
