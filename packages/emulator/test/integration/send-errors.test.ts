import { ReceiveMessageCommand, SendMessageCommand, type SendMessageCommandInput } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { refused } from "../support/expected-error.ts";
import { errorOf, runEmulator } from "../support/running-emulator.ts";

describe("sending", () => {
  const text = (StringValue: string) => ({ DataType: "String", StringValue });

  test.each<[string, Partial<SendMessageCommandInput>, Record<string, unknown>]>([
    [
      "no body",
      { MessageBody: "" },
      refused("MissingParameter", "The request must contain the parameter MessageBody."),
    ],
    [
      "a control character",
      { MessageBody: "a\u000b" },
      refused(
        "InvalidMessageContents",
        "Invalid binary character '#xB' was found in the message body, the set of allowed characters is #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].",
      ),
    ],
    ["a lone surrogate", { MessageBody: "a\ud800" }, { name: "InvalidMessageContents" }],
    ["a noncharacter", { MessageBody: "a\uffff" }, { name: "InvalidMessageContents" }],
    [
      "a body that is too long",
      { MessageBody: "x".repeat(1_048_577) },
      refused(
        "InvalidParameterValue",
        "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
      ),
    ],
    [
      "attributes that make it too long",
      { MessageBody: "x".repeat(1_048_576), MessageAttributes: { a: text("b") } },
      { message: "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes." },
    ],
    [
      "eleven attributes",
      { MessageAttributes: Object.fromEntries("abcdefghijk".split("").map((name) => [name, text("x")])) },
      { message: "Number of message attributes [11] exceeds the allowed maximum [10]." },
    ],
    [
      "an attribute without a name",
      { MessageAttributes: { "": text("x") } },
      { message: "The request must contain non-empty message (user) attribute names." },
    ],
    [
      "a reserved attribute name",
      { MessageAttributes: { "aWs.x": text("x") } },
      { message: expect.stringContaining("reserved for internal use") },
    ],
    [
      "an attribute name with a space",
      { MessageAttributes: { "a b": text("x") } },
      { message: expect.stringContaining("attribute name 'a b'") },
    ],
    [
      "an attribute name that ends in a period",
      { MessageAttributes: { "a.": text("x") } },
      { message: expect.stringContaining("attribute name 'a.'") },
    ],
    [
      "a long attribute name",
      { MessageAttributes: { ["n".repeat(257)]: text("x") } },
      { message: "Message (user) attribute name must be shorter than 256 bytes." },
    ],
    [
      "a long attribute type",
      { MessageAttributes: { a: { DataType: `String.${"t".repeat(250)}`, StringValue: "x" } } },
      { message: "Message (user) attribute type must be shorter than 256 bytes." },
    ],
    [
      "an empty text attribute",
      { MessageAttributes: { a: text("") } },
      refused(
        "InvalidParameterValue",
        "Message (user) attribute 'a' must contain a non-empty value of type 'String'.",
      ),
    ],
    [
      "an empty binary attribute",
      { MessageAttributes: { a: { DataType: "Binary", BinaryValue: new Uint8Array() } } },
      { message: "Message (user) attribute 'a' must contain a non-empty value of type 'Binary'." },
    ],
    [
      "an illegal character in an attribute",
      { MessageAttributes: { a: text("\u0000") } },
      { name: "InvalidParameterValue", message: expect.stringContaining("'#x0'") },
    ],
    [
      "a number that is none",
      { MessageAttributes: { a: { DataType: "Number", StringValue: "one" } } },
      { message: "Can't cast the value of message (user) attribute 'a' to a number." },
    ],
    [
      "an unknown type",
      { MessageAttributes: { a: { DataType: "Date", StringValue: "x" } } },
      { message: expect.stringContaining("supported type prefixes: Binary, Number, String.") },
    ],
    [
      "no type",
      { MessageAttributes: { a: { DataType: undefined, StringValue: "x" } } },
      { message: expect.stringContaining("non-empty message attribute type") },
    ],
    [
      "neither type nor value",
      { MessageAttributes: { a: { DataType: undefined } } },
      { message: expect.stringContaining("non-empty message attribute value") },
    ],
    [
      "a list attribute",
      { MessageAttributes: { a: { DataType: "StringList", StringListValues: ["x"] } } },
      { message: "Message attribute list values in SendMessage operation are not supported." },
    ],
    [
      "an unknown system attribute",
      { MessageSystemAttributes: { Other: text("x") } as never },
      { message: "Message system attribute name 'Other' is invalid." },
    ],
    [
      "a trace header of another type",
      { MessageSystemAttributes: { AWSTraceHeader: { DataType: "Number", StringValue: "1" } } },
      { message: expect.stringContaining("(system) attribute 'AWSTraceHeader'") },
    ],
    [
      "an empty trace header",
      { MessageSystemAttributes: { AWSTraceHeader: text("") } },
      { message: expect.stringContaining("non-empty value") },
    ],
    [
      "a negative delay",
      { DelaySeconds: -1 },
      {
        message:
          "Value -1 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
      },
    ],
    [
      "a long delay",
      { DelaySeconds: 901 },
      {
        message:
          "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
      },
    ],
    [
      "a deduplication id",
      { MessageDeduplicationId: "d" },
      { message: expect.stringContaining("Value d for parameter MessageDeduplicationId is invalid.") },
    ],
    [
      "an empty group",
      { MessageGroupId: "" },
      {
        message:
          "Value  for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.",
      },
    ],
    [
      "a group with a space",
      { MessageGroupId: "a b" },
      { message: expect.stringContaining("Value a b for parameter MessageGroupId is invalid.") },
    ],
    [
      "a long group",
      { MessageGroupId: "g".repeat(129) },
      { message: expect.stringContaining("MessageGroupId is invalid.") },
    ],
  ])("%s to a standard queue", async (_what, input, expected) => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    const error = await errorOf(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "a", ...input })));
    expect(error).toMatchObject(expected);
    expect(error["status"]).toBe(400);
  });

  test("the longest message that is allowed is taken, and one byte more is not", async () => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders", { MaximumMessageSize: "1024" });
    // Name, type and value of the attribute take 1 + 6 + 1 bytes, and "é" takes two.
    const send = (letters: number) =>
      sqs.send(
        new SendMessageCommand({
          QueueUrl,
          MessageBody: "é".repeat(letters),
          MessageAttributes: { a: text("b") },
        }),
      );
    expect((await send(508)).MessageId).toBeDefined();
    expect(await errorOf(send(509))).toMatchObject({
      message: expect.stringContaining("shorter than 1024 bytes"),
    });
  });

  test.each<[string, Partial<SendMessageCommandInput>, Record<string, unknown>]>([
    [
      "no group",
      { MessageGroupId: undefined },
      refused("MissingParameter", "The request must contain the parameter MessageGroupId."),
    ],
    [
      "no deduplication id",
      { MessageDeduplicationId: undefined },
      refused(
        "InvalidParameterValue",
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
      ),
    ],
    [
      "a delay of its own",
      { DelaySeconds: 2 },
      refused(
        "InvalidParameterValue",
        "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.",
      ),
    ],
    [
      "an empty deduplication id",
      { MessageDeduplicationId: "" },
      { message: expect.stringContaining("Value  for parameter MessageDeduplicationId is invalid.") },
    ],
  ])("%s to a FIFO queue", async (_what, input, expected) => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders.fifo");
    const whole = { QueueUrl, MessageBody: "a", MessageGroupId: "g", MessageDeduplicationId: "d", ...input };
    expect(await errorOf(sqs.send(new SendMessageCommand(whole)))).toMatchObject(expected);
  });

  test("a delay of zero on a FIFO queue means the queue's own", async () => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders.fifo", { DelaySeconds: "2" });
    await sqs.send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody: "a",
        MessageGroupId: "g",
        MessageDeduplicationId: "d",
        DelaySeconds: 0,
      }),
    );
    expect((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toBeUndefined();
  });
});
