import {
  CancelMessageMoveTaskCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { runEmulator } from "../support/running-emulator.ts";

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
    for (let receives = 0; receives < 2; receives += 1)
      await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    const dead = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: deadUrl,
        MessageSystemAttributeNames: ["All"],
        VisibilityTimeout: 0,
      }),
    );
    expect(dead.Messages?.[0]?.Attributes).toMatchObject({
      ApproximateReceiveCount: "2",
      DeadLetterQueueSourceArn: "arn:aws:sqs:eu-west-1:000000000000:orders",
    });

    const { TaskHandle } = await sqs.send(
      new StartMessageMoveTaskCommand({ SourceArn, MaxNumberOfMessagesPerSecond: 1 }),
    );
    const list = new ListMessageMoveTasksCommand({ SourceArn });
    expect((await sqs.send(list)).Results).toMatchObject([
      { Status: "RUNNING", TaskHandle, ApproximateNumberOfMessagesToMove: 1 },
    ]);
    await emulator.clock.advance(1000);
    const [done] = (await sqs.send(list)).Results ?? [];
    expect(done).toMatchObject({
      Status: "COMPLETED",
      ApproximateNumberOfMessagesMoved: 1,
      MaxNumberOfMessagesPerSecond: 1,
    });
    expect(done?.TaskHandle).toBeUndefined();
    expect(Math.abs((done?.StartedTimestamp ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  test("a redrive can be cancelled", async () => {
    const { emulator, sqs, createQueue } = await runEmulator();
    const deadUrl = await createQueue("dead");
    const SourceArn = "arn:aws:sqs:eu-west-1:000000000000:dead";
    await createQueue("orders", {
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: SourceArn, maxReceiveCount: 1 }),
    });
    await createQueue("elsewhere");
    for (const MessageBody of ["a", "b", "c"])
      await sqs.send(new SendMessageCommand({ QueueUrl: deadUrl, MessageBody }));
    const DestinationArn = "arn:aws:sqs:eu-west-1:000000000000:elsewhere";
    const start = new StartMessageMoveTaskCommand({
      SourceArn,
      DestinationArn,
      MaxNumberOfMessagesPerSecond: 1,
    });
    const { TaskHandle } = await sqs.send(start);
    await emulator.clock.advance(1000);
    const cancelled = await sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    expect(cancelled.ApproximateNumberOfMessagesMoved).toBe(1);
    await emulator.clock.advance(1000);
    const { Results } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn, MaxResults: 10 }));
    expect(Results).toMatchObject([{ Status: "CANCELLED", DestinationArn }]);
  });
});
