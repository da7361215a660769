import {
  AddPermissionCommand,
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  ListQueuesCommand,
  CancelMessageMoveTaskCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  RemovePermissionCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
  TagQueueCommand,
  type SendMessageCommandInput,
} from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { SQS_ERROR_NAMES } from "../../src/fronts/sqs/sqs-errors.ts";
import { errorOf, runEmulator } from "../support/running-emulator.ts";

const LEGACY = "AWS.SimpleQueueService.";

/** As most errors are: 400, and the name is the query code. */
function refused(name: string, message: string, more: Readonly<Record<string, unknown>> = {}) {
  return { name, code: name, status: 400, message, ...more };
}

describe("queues", () => {
  test("one that does not exist", async () => {
    const { endpoint, sqs } = await runEmulator();
    const expected = refused("QueueDoesNotExist", "The specified queue does not exist.", { code: `${LEGACY}NonExistentQueue` });
    expect(await errorOf(sqs.send(new GetQueueUrlCommand({ QueueName: "missing" })))).toEqual(expected);
    const QueueUrl = `${endpoint}/000000000000/missing`;
    expect(await errorOf(sqs.send(new ReceiveMessageCommand({ QueueUrl })))).toEqual(expected);
    const foreign = `${endpoint}/111122223333/missing`;
    expect(await errorOf(sqs.send(new DeleteQueueCommand({ QueueUrl: foreign })))).toEqual(expected);
  });

  test("one that exists with other attributes", async () => {
    const { createQueue, sqs } = await runEmulator();
    await createQueue("orders");
    const again = new CreateQueueCommand({ QueueName: "orders", Attributes: { DelaySeconds: "1" } });
    const message = "A queue already exists with the same name and a different value for attribute DelaySeconds";
    expect(await errorOf(sqs.send(again))).toEqual(refused("QueueNameExists", message, { code: "QueueAlreadyExists" }));
  });

  test("one that was deleted a moment ago", async () => {
    const { createQueue, sqs } = await runEmulator();
    await sqs.send(new DeleteQueueCommand({ QueueUrl: await createQueue("orders") }));
    expect(await errorOf(createQueue("orders"))).toMatchObject({
      name: "QueueDeletedRecently",
      code: `${LEGACY}QueueDeletedRecently`,
      status: 400,
    });
  });

  test("two purges within a minute", async () => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    expect(await errorOf(sqs.send(new PurgeQueueCommand({ QueueUrl })))).toEqual({
      name: "PurgeQueueInProgress",
      code: `${LEGACY}PurgeQueueInProgress`,
      status: 403,
      message: "Only one PurgeQueue operation on orders is allowed every 60 seconds.",
    });
  });

  test("an address that is no queue URL", async () => {
    const { sqs } = await runEmulator();
    expect(await errorOf(sqs.send(new PurgeQueueCommand({ QueueUrl: "http://localhost" })))).toMatchObject({
      name: "InvalidAddress",
      status: 404,
    });
  });

  test("attributes with wrong names and values", async () => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    // @ts-expect-error the SDK's types know the names
    const unknownName = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["Colour"] });
    expect(await errorOf(sqs.send(unknownName))).toEqual(refused("InvalidAttributeName", "Unknown Attribute Colour."));
    const wrongValue = new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: "-1" } });
    const message = "Invalid value for the parameter VisibilityTimeout.";
    expect(await errorOf(sqs.send(wrongValue))).toEqual(refused("InvalidAttributeValue", message));
  });

  test.each([
    [{ MaxResults: 0 }, "Value 0 for parameter MaxResults is invalid. Reason: Must be an integer between 1 and 1000."],
    [{ NextToken: "bm9uc2Vuc2U=" }, "Invalid or expired next token."],
  ])("a list with %j", async (input, message) => {
    const { sqs } = await runEmulator();
    expect(await errorOf(sqs.send(new ListQueuesCommand(input)))).toEqual(refused("InvalidParameterValue", message));
  });

  test("tags that are reserved or too many", async () => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    const tag = (Tags: Record<string, string>) => errorOf(sqs.send(new TagQueueCommand({ QueueUrl, Tags })));
    const tooMany = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`tag-${index}`, "x"]));
    expect(await tag(tooMany)).toMatchObject({ message: expect.stringContaining("Maximum number of tags is 50.") });
    expect(await tag({ "aws:name": "x" })).toMatchObject({ message: expect.stringContaining("reserved") });
    expect(await tag({ "": "x" })).toMatchObject({ message: expect.stringContaining("between 1 and 128 characters") });
    expect(await tag({ long: "x".repeat(257) })).toMatchObject({ message: expect.stringContaining("at most 256 characters") });
    expect(await tag({})).toEqual(refused("MissingParameter", "The request must contain the parameter Tags."));
  });

  test("permissions with a known label, an unknown label, action or account", async () => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    const add = (Label: string, AWSAccountIds = ["111122223333"], Actions = ["SendMessage"]) =>
      sqs.send(new AddPermissionCommand({ QueueUrl, Label, AWSAccountIds, Actions }));
    await add("label");
    const taken = "Value label for parameter Label is invalid. Reason: Already exists.";
    expect(await errorOf(add("label"))).toEqual(refused("InvalidParameterValue", taken));
    expect(await errorOf(add("a b"))).toMatchObject({ message: expect.stringContaining("Can only include alphanumeric") });
    expect(await errorOf(add("x", ["me"]))).toMatchObject({ message: expect.stringContaining("PrincipalId") });
    expect(await errorOf(add("x", ["111122223333"], ["Steal"]))).toMatchObject({ message: expect.stringContaining("Value SQS:Steal for parameter ActionName") });
    const unknown = "Value other for parameter Label is invalid. Reason: can't find label.";
    const remove = new RemovePermissionCommand({ QueueUrl, Label: "other" });
    expect(await errorOf(sqs.send(remove))).toEqual(refused("InvalidParameterValue", unknown));
    for (let index = 1; index < 20; index += 1) await add(`label-${index}`);
    expect(await errorOf(add("one-too-many"))).toMatchObject({ name: "OverLimit", status: 403 });
  });

  test("move tasks with wrong queues, handles and rates", async () => {
    const { createQueue, sqs } = await runEmulator();
    await createQueue("orders");
    const arn = (name: string) => `arn:aws:sqs:eu-west-1:000000000000:${name}`;
    const start = (input: { SourceArn: string; DestinationArn?: string; MaxNumberOfMessagesPerSecond?: number }) =>
      errorOf(sqs.send(new StartMessageMoveTaskCommand(input)));
    const missing = (parameter: string) => ({
      name: "ResourceNotFoundException",
      code: "ResourceNotFoundException",
      status: 404,
      message: `The resource that you specified for the ${parameter} parameter doesn't exist.`,
    });
    expect(await start({ SourceArn: arn("missing") })).toEqual(missing("SourceArn"));
    expect(await start({ SourceArn: arn("orders"), DestinationArn: arn("missing") })).toEqual(missing("DestinationArn"));
    expect(await start({ SourceArn: "nonsense" })).toMatchObject({ message: expect.stringContaining("You must use this format to specify the SourceArn") });
    const notDead = "Source queue must be configured as a Dead Letter Queue.";
    expect(await start({ SourceArn: arn("orders") })).toEqual(refused("InvalidParameterValue", notDead));
    expect(await start({ SourceArn: arn("orders"), DestinationArn: arn("orders") })).toMatchObject({ name: "InvalidParameterValue" });
    expect(await start({ SourceArn: arn("orders"), MaxNumberOfMessagesPerSecond: 501 })).toMatchObject({ message: expect.stringContaining("between 1 and 500") });
    const cancel = (TaskHandle: string) => errorOf(sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle })));
    expect(await cancel("nonsense")).toEqual(refused("InvalidParameterValue", "Value for parameter TaskHandle is invalid."));
    const handle = (sourceArn: string) => Buffer.from(JSON.stringify({ taskId: "x", sourceArn })).toString("base64");
    expect(await cancel(handle(arn("missing")))).toEqual(missing("SourceArn"));
    expect(await cancel(handle(arn("orders")))).toMatchObject({ name: "ResourceNotFoundException", message: "Task does not exist." });
    const list = new ListMessageMoveTasksCommand({ SourceArn: arn("orders"), MaxResults: 11 });
    expect(await errorOf(sqs.send(list))).toMatchObject({ name: "InvalidParameterValue" });
  });
});

describe("sending", () => {
  const text = (StringValue: string) => ({ DataType: "String", StringValue });

  test.each<[string, Partial<SendMessageCommandInput>, Record<string, unknown>]>([
    ["no body", { MessageBody: "" }, refused("MissingParameter", "The request must contain the parameter MessageBody.")],
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
      refused("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."),
    ],
    [
      "attributes that make it too long",
      { MessageBody: "x".repeat(1_048_576), MessageAttributes: { a: text("b") } },
      { message: "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes." },
    ],
    ["eleven attributes", { MessageAttributes: Object.fromEntries("abcdefghijk".split("").map((name) => [name, text("x")])) }, { message: "Number of message attributes [11] exceeds the allowed maximum [10]." }],
    ["an attribute without a name", { MessageAttributes: { "": text("x") } }, { message: "The request must contain non-empty message (user) attribute names." }],
    ["a reserved attribute name", { MessageAttributes: { "aWs.x": text("x") } }, { message: expect.stringContaining("reserved for internal use") }],
    ["an attribute name with a space", { MessageAttributes: { "a b": text("x") } }, { message: expect.stringContaining("attribute name 'a b'") }],
    ["an attribute name that ends in a period", { MessageAttributes: { "a.": text("x") } }, { message: expect.stringContaining("attribute name 'a.'") }],
    ["a long attribute name", { MessageAttributes: { ["n".repeat(257)]: text("x") } }, { message: "Message (user) attribute name must be shorter than 256 bytes." }],
    ["a long attribute type", { MessageAttributes: { a: { DataType: `String.${"t".repeat(250)}`, StringValue: "x" } } }, { message: "Message (user) attribute type must be shorter than 256 bytes." }],
    ["an empty text attribute", { MessageAttributes: { a: text("") } }, refused("InvalidParameterValue", "Message (user) attribute 'a' must contain a non-empty value of type 'String'.")],
    ["an empty binary attribute", { MessageAttributes: { a: { DataType: "Binary", BinaryValue: new Uint8Array() } } }, { message: "Message (user) attribute 'a' must contain a non-empty value of type 'Binary'." }],
    ["an illegal character in an attribute", { MessageAttributes: { a: text("\u0000") } }, { name: "InvalidParameterValue", message: expect.stringContaining("'#x0'") }],
    ["a number that is none", { MessageAttributes: { a: { DataType: "Number", StringValue: "one" } } }, { message: "Can't cast the value of message (user) attribute 'a' to a number." }],
    ["an unknown type", { MessageAttributes: { a: { DataType: "Date", StringValue: "x" } } }, { message: expect.stringContaining("supported type prefixes: Binary, Number, String.") }],
    ["no type", { MessageAttributes: { a: { DataType: undefined, StringValue: "x" } } }, { message: expect.stringContaining("non-empty message attribute type") }],
    ["neither type nor value", { MessageAttributes: { a: { DataType: undefined } } }, { message: expect.stringContaining("non-empty message attribute value") }],
    ["a list attribute", { MessageAttributes: { a: { DataType: "StringList", StringListValues: ["x"] } } }, { message: "Message attribute list values in SendMessage operation are not supported." }],
    ["an unknown system attribute", { MessageSystemAttributes: { Other: text("x") } as never }, { message: "Message system attribute name 'Other' is invalid." }],
    ["a trace header of another type", { MessageSystemAttributes: { AWSTraceHeader: { DataType: "Number", StringValue: "1" } } }, { message: expect.stringContaining("(system) attribute 'AWSTraceHeader'") }],
    ["an empty trace header", { MessageSystemAttributes: { AWSTraceHeader: text("") } }, { message: expect.stringContaining("non-empty value") }],
    ["a negative delay", { DelaySeconds: -1 }, { message: "Value -1 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900." }],
    ["a long delay", { DelaySeconds: 901 }, { message: "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900." }],
    ["a deduplication id", { MessageDeduplicationId: "d" }, { message: expect.stringContaining("Value d for parameter MessageDeduplicationId is invalid.") }],
    ["an empty group", { MessageGroupId: "" }, { message: "Value  for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length." }],
    ["a group with a space", { MessageGroupId: "a b" }, { message: expect.stringContaining("Value a b for parameter MessageGroupId is invalid.") }],
    ["a long group", { MessageGroupId: "g".repeat(129) }, { message: expect.stringContaining("MessageGroupId is invalid.") }],
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
    // Name, type and value of the attribute take 1 + 6 + 1 bytes; "é" takes two.
    const send = (letters: number) =>
      sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "é".repeat(letters), MessageAttributes: { a: text("b") } }));
    expect((await send(508)).MessageId).toBeDefined();
    expect(await errorOf(send(509))).toMatchObject({ message: expect.stringContaining("shorter than 1024 bytes") });
  });

  test.each<[string, Partial<SendMessageCommandInput>, Record<string, unknown>]>([
    ["no group", { MessageGroupId: undefined }, refused("MissingParameter", "The request must contain the parameter MessageGroupId.")],
    [
      "no deduplication id",
      { MessageDeduplicationId: undefined },
      refused("InvalidParameterValue", "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"),
    ],
    [
      "a delay of its own",
      { DelaySeconds: 2 },
      refused("InvalidParameterValue", "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type."),
    ],
    ["an empty deduplication id", { MessageDeduplicationId: "" }, { message: expect.stringContaining("Value  for parameter MessageDeduplicationId is invalid.") }],
  ])("%s to a FIFO queue", async (_what, input, expected) => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders.fifo");
    const whole = { QueueUrl, MessageBody: "a", MessageGroupId: "g", MessageDeduplicationId: "d", ...input };
    expect(await errorOf(sqs.send(new SendMessageCommand(whole)))).toMatchObject(expected);
  });

  test("a delay of zero on a FIFO queue means the queue's own", async () => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders.fifo", { DelaySeconds: "2" });
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "a", MessageGroupId: "g", MessageDeduplicationId: "d", DelaySeconds: 0 }));
    expect((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toBeUndefined();
  });
});

describe("batches", () => {
  const entries = (count: number) => Array.from({ length: count }, (_, index) => ({ Id: `id-${index}`, MessageBody: "a" }));

  test.each([
    ["no entry", [], "EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the request."],
    ["eleven entries", entries(11), "TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 11."],
    ["an id twice", [...entries(1), ...entries(1)], "BatchEntryIdsNotDistinct", "Id id-0 repeated."],
    [
      "an id with a colon",
      [{ Id: "a:b", MessageBody: "a" }],
      "InvalidBatchEntryId",
      "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
    ],
    ["an id that is too long", [{ Id: "i".repeat(81), MessageBody: "a" }], "InvalidBatchEntryId", expect.any(String)],
    [
      "more than 1 MiB in all",
      [{ Id: "a", MessageBody: "x".repeat(1_048_576) }, { Id: "b", MessageBody: "x" }],
      "BatchRequestTooLong",
      "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
    ],
  ])("%s", async (_what, Entries, name, message) => {
    const { createQueue, sqs, emulator } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    const error = await errorOf(sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries })));
    expect(error).toEqual(refused(name, message, { code: `${LEGACY}${name}` }));
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
      { Id: "long", Code: "InvalidParameterValue", SenderFault: true, Message: "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes." },
      { Id: "illegal", Code: "InvalidMessageContents", SenderFault: true, Message: expect.stringContaining("'#x1'") },
      { Id: "empty", Code: "MissingParameter", SenderFault: true, Message: "The request must contain the parameter MessageBody." },
      { Id: "late", Code: "InvalidParameterValue", SenderFault: true, Message: expect.stringContaining("Value 901 for parameter DelaySeconds") },
    ]);
  });

  // Recorded: these two fail the request as a whole, and the group with another code than in SendMessage.
  test.each([
    [{ MessageDeduplicationId: "d" }, "The request must contain the parameter MessageGroupId."],
    [{ MessageGroupId: "g" }, "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"],
  ])("a FIFO batch with an entry of %j alone", async (ids, message) => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders.fifo");
    const Entries = [{ Id: "a", MessageBody: "a", ...ids }];
    expect(await errorOf(sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries })))).toEqual(refused("InvalidParameterValue", message));
  });
});

describe("receiving and settling", () => {
  test.each([
    [{ MaxNumberOfMessages: 11 }, "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."],
    [{ MaxNumberOfMessages: 0 }, "Value 0 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."],
    [{ WaitTimeSeconds: 21 }, "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."],
    [{ WaitTimeSeconds: -1 }, "Value -1 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."],
    [{ VisibilityTimeout: 43_201 }, "Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided."],
    [{ ReceiveRequestAttemptId: "a" }, "Value a for parameter ReceiveRequestAttemptId is invalid. Reason: The request include parameter that is not valid for this queue type."],
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
    expect(await errorOf(sqs.send(unknown))).toEqual(refused("InvalidAttributeName", "Unknown Attribute Colour."));
    const attempt = new ReceiveMessageCommand({ QueueUrl, ReceiveRequestAttemptId: "a b" });
    expect(await errorOf(sqs.send(attempt))).toMatchObject({ message: expect.stringContaining("ReceiveRequestAttemptId can only include") });
  });

  test("a handle that is none", async () => {
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
    await running.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "a", MessageGroupId: "g", MessageDeduplicationId: "d" }));
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
      refused("InvalidParameterValue", `${value} Message does not exist or is not available for visibility timeout change.`),
    );
    const entry = { Id: "a", ReceiptHandle };
    const deleted = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: [entry] }));
    expect(deleted.Failed).toEqual([{ Id: "a", Code: "ReceiptHandleIsInvalid", SenderFault: true, Message: "The receipt handle has expired." }]);
    const changed = await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries: [{ ...entry, VisibilityTimeout: 1 }] }));
    expect(changed.Failed).toEqual([
      { Id: "a", Code: "ReceiptHandleIsInvalid", SenderFault: true, Message: "Message does not exist or is not available for visibility timeout change" },
    ]);
  });

  test("a visibility timeout that is too long, or too long in all", async () => {
    const { emulator, sqs, QueueUrl, ReceiptHandle } = await receiveFifo();
    const change = (VisibilityTimeout: number) =>
      sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
    expect(await errorOf(change(43_201))).toMatchObject({ message: expect.stringContaining("Value 43201 for parameter VisibilityTimeout is invalid.") });
    await emulator.clock.advance(1000);
    const message = "Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]";
    expect(await errorOf(change(43_200))).toEqual(refused("InvalidParameterValue", message));
    await change(43_198);
  });
});

describe("any error of the table", () => {
  test.each(SQS_ERROR_NAMES)("%s reaches the SDK with its name when a rule asks for it", async (name) => {
    const { emulator, sqs } = await runEmulator();
    emulator.faults.add({ action: { kind: "error", code: name } });
    const error = await errorOf(sqs.send(new ListQueuesCommand({})));
    const unmodelled = name === "UnknownOperation" ? "InvalidAction" : name;
    expect(error["name"]).toBe(unmodelled);
    expect([400, 403, 404, 500, 503]).toContain(error["status"]);
    expect(error["message"]).toBe(`Injected fault: ${name}.`);
  });

  test("a name that is in no row is answered as it stands", async () => {
    const { emulator, sqs } = await runEmulator();
    emulator.faults.add({ action: { kind: "error", code: "BrandNew", status: 418, message: "Never seen." } });
    expect(await errorOf(sqs.send(new ListQueuesCommand({})))).toEqual({ name: "BrandNew", code: "BrandNew", status: 418, message: "Never seen." });
  });
});
