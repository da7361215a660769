import { SendMessageBatchCommand } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { LEGACY_PREFIX, refused } from "../support/expected-error.ts";
import { errorOf, runEmulator } from "../support/running-emulator.ts";

describe("batches", () => {
  const entries = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ Id: `id-${index}`, MessageBody: "a" }));

  test.each([
    [
      "no entry",
      [],
      "EmptyBatchRequest",
      "There should be at least one SendMessageBatchRequestEntry in the request.",
    ],
    [
      "eleven entries",
      entries(11),
      "TooManyEntriesInBatchRequest",
      "Maximum number of entries per request are 10. You have sent 11.",
    ],
    ["an id twice", [...entries(1), ...entries(1)], "BatchEntryIdsNotDistinct", "Id id-0 repeated."],
    [
      "an id with a colon",
      [{ Id: "a:b", MessageBody: "a" }],
      "InvalidBatchEntryId",
      "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
    ],
    [
      "an id that is too long",
      [{ Id: "i".repeat(81), MessageBody: "a" }],
      "InvalidBatchEntryId",
      expect.any(String),
    ],
    [
      "more than 1 MiB in all",
      [
        { Id: "a", MessageBody: "x".repeat(1_048_576) },
        { Id: "b", MessageBody: "x" },
      ],
      "BatchRequestTooLong",
      "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
    ],
  ])("%s", async (_what, Entries, name, message) => {
    const { createQueue, sqs, emulator } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    const error = await errorOf(sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries })));
    expect(error).toEqual(refused(name, message, { code: `${LEGACY_PREFIX}${name}` }));
    expect(emulator.sqs.queues()[0]?.visible).toBe(0);
  });

  test("a wrong entry fails alone", async () => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders", { MaximumMessageSize: "1024" });
    const Entries = [
      { Id: "good", MessageBody: "a" },
      { Id: "long", MessageBody: "x".repeat(1025) },
      { Id: "illegal", MessageBody: "\u0001" },
      { Id: "empty", MessageBody: "" },
      { Id: "late", MessageBody: "a", DelaySeconds: 901 },
    ];
    const { Successful, Failed } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    expect(Successful?.map(({ Id }) => Id)).toEqual(["good"]);
    expect(Failed).toEqual([
      {
        Id: "long",
        Code: "InvalidParameterValue",
        SenderFault: true,
        Message:
          "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.",
      },
      {
        Id: "illegal",
        Code: "InvalidMessageContents",
        SenderFault: true,
        Message: expect.stringContaining("'#x1'"),
      },
      {
        Id: "empty",
        Code: "MissingParameter",
        SenderFault: true,
        Message: "The request must contain the parameter MessageBody.",
      },
      {
        Id: "late",
        Code: "InvalidParameterValue",
        SenderFault: true,
        Message: expect.stringContaining("Value 901 for parameter DelaySeconds"),
      },
    ]);
  });

  // Recorded: these two fail the whole request, and a missing group has a different code than in SendMessage.
  test.each([
    [{ MessageDeduplicationId: "d" }, "The request must contain the parameter MessageGroupId."],
    [
      { MessageGroupId: "g" },
      "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    ],
  ])("a FIFO batch with an entry of %j alone", async (ids, message) => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders.fifo");
    const Entries = [{ Id: "a", MessageBody: "a", ...ids }];
    expect(await errorOf(sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries })))).toEqual(
      refused("InvalidParameterValue", message),
    );
  });
});
