import {
  DeleteMessageCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { errorOf, runEmulator, sqsClient, until } from "../support/running-emulator.ts";

async function withQueue() {
  const running = await runEmulator();
  const QueueUrl = await running.createQueue("orders");
  const waiting = (count: number) => until(() => running.emulator.sqs.queues()[0]?.waiting === count);
  return { ...running, QueueUrl, waiting };
}

test("a message wakes a waiting receive", async () => {
  const { sqs, QueueUrl, waiting } = await withQueue();
  const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  await waiting(1);
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "a" }));
  expect((await poll).Messages?.[0]?.Body).toBe("a");
});

test("the queue's own wait time holds when the request names none", async () => {
  const { sqs, createQueue, emulator } = await withQueue();
  const QueueUrl = await createQueue("patient", { ReceiveMessageWaitTimeSeconds: "20" });
  const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  await until(() => emulator.sqs.queues()[1]?.waiting === 1);
  await emulator.clock.advance(20_000);
  expect((await poll).Messages).toBeUndefined();
});

test("a receive that its client aborted leaves the next message to others", async () => {
  const { emulator, sqs, QueueUrl, waiting } = await withQueue();
  const abort = new AbortController();
  const aborted = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }), {
    abortSignal: abort.signal,
  });
  await waiting(1);
  abort.abort();
  await expect(aborted).rejects.toThrow("aborted");
  await waiting(0);
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "a" }));
  expect(emulator.sqs.queues()[0]).toMatchObject({ visible: 1, inFlight: 0 });
  expect(emulator.log.entries().find(({ operation }) => operation === "ReceiveMessage")?.outcome).toBe(
    "disconnected",
  );
});

test("a message sent in the same moment as the abort is not lost to the aborted receive", async () => {
  const { emulator, sqs, QueueUrl, waiting } = await withQueue();
  for (let round = 0; round < 20; round += 1) {
    const abort = new AbortController();
    const doomed = sqsClient(emulator.endpoints.sqs ?? "");
    const aborted = doomed.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }), {
      abortSignal: abort.signal,
    });
    await waiting(1);
    abort.abort();
    const sent = sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "a" }));
    await expect(aborted).rejects.toThrow("aborted");
    await sent;
    await waiting(0);
    doomed.destroy();
    expect(emulator.sqs.queues()[0]).toMatchObject({ visible: 1, inFlight: 0 });
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages?.[0]?.ReceiptHandle }));
  }
});

test("virtual time ends a wait", async () => {
  const { emulator, sqs, QueueUrl, waiting } = await withQueue();
  const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  await waiting(1);
  await emulator.clock.advance(20_000);
  expect((await poll).Messages).toBeUndefined();
});

test("a delayed message reaches a waiting receive when its time has come", async () => {
  const { emulator, sqs, QueueUrl, waiting } = await withQueue();
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "a", DelaySeconds: 5 }));
  const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  await waiting(1);
  await emulator.clock.advance(60_000);
  expect((await poll).Messages?.[0]?.Body).toBe("a");
});

test("deleting the queue ends a wait with the error of a missing queue", async () => {
  const { sqs, QueueUrl, waiting } = await withQueue();
  const poll = errorOf(sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 })));
  await waiting(1);
  await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  expect(await poll).toMatchObject({ name: "QueueDoesNotExist" });
});

test("closing the emulator does not wait for waiting receives", async () => {
  const { emulator, sqs, QueueUrl, waiting } = await withQueue();
  const poll = errorOf(sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 })));
  await waiting(1);
  await emulator.close();
  expect(await poll).toMatchObject({ status: undefined });
});
