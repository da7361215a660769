import { SendMessageBatchCommand, type Message } from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";
import { expect, test } from "vitest";
import { runEmulator, until } from "../support/running-emulator.ts";

test("sqs-consumer handles every message once, waits for new ones and deletes them", async () => {
  const { emulator, sqs, createQueue } = await runEmulator();
  const queueUrl = await createQueue("consumed");
  const handled: string[] = [];
  const failures: Error[] = [];
  const consumer = Consumer.create({
    queueUrl,
    sqs,
    batchSize: 10,
    waitTimeSeconds: 20,
    messageSystemAttributeNames: ["ApproximateReceiveCount"],
    handleMessage: async (message: Message) => {
      handled.push(`${message.Body} ${message.Attributes?.ApproximateReceiveCount}`);
      // The consumer acknowledges what the handler returns.
      return message;
    },
  });
  consumer.on("error", (error) => void failures.push(error));
  consumer.on("processing_error", (error) => void failures.push(error));
  consumer.start();
  try {
    // The consumer is already waiting, so each batch has to wake it.
    for (const batch of ["a", "b"]) {
      const entries = [0, 1, 2].map((i) => ({ Id: `${i}`, MessageBody: `${batch}${i}` }));
      // oxlint-disable-next-line no-await-in-loop
      await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
      const expected = handled.length + 3;
      // oxlint-disable-next-line no-await-in-loop
      await until(() => handled.length >= expected);
    }
    await until(() => emulator.sqs.queues()[0]?.messages.length === 0);
  } finally {
    consumer.stop({ abort: true });
  }
  expect(handled.toSorted()).toEqual(["a0 1", "a1 1", "a2 1", "b0 1", "b1 1", "b2 1"]);
  expect(failures).toEqual([]);
});
