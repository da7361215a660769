import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { refused } from "../support/expected-error.ts";
import { errorOf, runEmulator } from "../support/running-emulator.ts";

describe("receiving and settling", () => {
  test.each([
    [
      { MaxNumberOfMessages: 11 },
      "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
    ],
    [
      { MaxNumberOfMessages: 0 },
      "Value 0 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
    ],
    [
      { WaitTimeSeconds: 21 },
      "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
    ],
    [
      { WaitTimeSeconds: -1 },
      "Value -1 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
    ],
    [
      { VisibilityTimeout: 43_201 },
      "Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided.",
    ],
    [
      { ReceiveRequestAttemptId: "a" },
      "Value a for parameter ReceiveRequestAttemptId is invalid. Reason: The request include parameter that is not valid for this queue type.",
    ],
  ])("a receive with %j", async (input, message) => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    const error = await errorOf(sqs.send(new ReceiveMessageCommand({ QueueUrl, ...input })));
    expect(error).toEqual(refused("InvalidParameterValue", message));
  });

  test("a receive that asks for an unknown attribute or with a broken attempt id", async () => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders.fifo");
    // @ts-expect-error the SDK's types know the names
    const unknown = new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ["Colour"] });
    expect(await errorOf(sqs.send(unknown))).toEqual(
      refused("InvalidAttributeName", "Unknown Attribute Colour."),
    );
    const attempt = new ReceiveMessageCommand({ QueueUrl, ReceiveRequestAttemptId: "a b" });
    expect(await errorOf(sqs.send(attempt))).toMatchObject({
      message: expect.stringContaining("ReceiveRequestAttemptId can only include"),
    });
  });

  test("an invalid handle", async () => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    const expected = {
      name: "ReceiptHandleIsInvalid",
      code: "ReceiptHandleIsInvalid",
      status: 404,
      message: 'The input receipt handle "nonsense" is not a valid receipt handle.',
    };
    const ReceiptHandle = "nonsense";
    expect(await errorOf(sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })))).toEqual(expected);
    const change = new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 1 });
    expect(await errorOf(sqs.send(change))).toEqual(expected);
  });

  async function receiveFifo() {
    const running = await runEmulator();
    const QueueUrl = await running.createQueue("orders.fifo");
    await running.sqs.send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody: "a",
        MessageGroupId: "g",
        MessageDeduplicationId: "d",
      }),
    );
    const { Messages } = await running.sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    return { ...running, QueueUrl, ReceiptHandle: Messages?.[0]?.ReceiptHandle ?? "" };
  }

  test("an expired handle of a FIFO queue", async () => {
    const { emulator, sqs, QueueUrl, ReceiptHandle } = await receiveFifo();
    await emulator.clock.advance(30_000);
    const value = `Value ${ReceiptHandle} for parameter ReceiptHandle is invalid. Reason:`;
    expect(await errorOf(sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })))).toEqual(
      refused("InvalidParameterValue", `${value} The receipt handle has expired.`),
    );
    const change = new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 1 });
    expect(await errorOf(sqs.send(change))).toEqual(
      refused(
        "InvalidParameterValue",
        `${value} Message does not exist or is not available for visibility timeout change.`,
      ),
    );
    const entry = { Id: "a", ReceiptHandle };
    const deleted = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: [entry] }));
    expect(deleted.Failed).toEqual([
      {
        Id: "a",
        Code: "ReceiptHandleIsInvalid",
        SenderFault: true,
        Message: "The receipt handle has expired.",
      },
    ]);
    const changed = await sqs.send(
      new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries: [{ ...entry, VisibilityTimeout: 1 }] }),
    );
    expect(changed.Failed).toEqual([
      {
        Id: "a",
        Code: "ReceiptHandleIsInvalid",
        SenderFault: true,
        Message: "Message does not exist or is not available for visibility timeout change",
      },
    ]);
  });

  test("a visibility timeout that is too long, or too long in all", async () => {
    const { emulator, sqs, QueueUrl, ReceiptHandle } = await receiveFifo();
    const change = (VisibilityTimeout: number) =>
      sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
    expect(await errorOf(change(43_201))).toMatchObject({
      message: expect.stringContaining("Value 43201 for parameter VisibilityTimeout is invalid."),
    });
    await emulator.clock.advance(1000);
    const message =
      "Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]";
    expect(await errorOf(change(43_200))).toEqual(refused("InvalidParameterValue", message));
    await change(43_198);
  });
});
