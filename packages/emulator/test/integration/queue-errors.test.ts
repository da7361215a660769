import {
  AddPermissionCommand,
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  ListQueuesCommand,
  CancelMessageMoveTaskCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  RemovePermissionCommand,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
  TagQueueCommand,
} from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { LEGACY_PREFIX, refused } from "../support/expected-error.ts";
import { errorOf, runEmulator } from "../support/running-emulator.ts";

describe("queues", () => {
  test("one that does not exist", async () => {
    const { endpoint, sqs } = await runEmulator();
    const expected = refused("QueueDoesNotExist", "The specified queue does not exist.", {
      code: `${LEGACY_PREFIX}NonExistentQueue`,
    });
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
    const message =
      "A queue already exists with the same name and a different value for attribute DelaySeconds";
    expect(await errorOf(sqs.send(again))).toEqual(
      refused("QueueNameExists", message, { code: "QueueAlreadyExists" }),
    );
  });

  test("one that was deleted a moment ago", async () => {
    const { createQueue, sqs } = await runEmulator();
    await sqs.send(new DeleteQueueCommand({ QueueUrl: await createQueue("orders") }));
    expect(await errorOf(createQueue("orders"))).toMatchObject({
      name: "QueueDeletedRecently",
      code: `${LEGACY_PREFIX}QueueDeletedRecently`,
      status: 400,
    });
  });

  test("two purges within a minute", async () => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    expect(await errorOf(sqs.send(new PurgeQueueCommand({ QueueUrl })))).toEqual({
      name: "PurgeQueueInProgress",
      code: `${LEGACY_PREFIX}PurgeQueueInProgress`,
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
    expect(await errorOf(sqs.send(unknownName))).toEqual(
      refused("InvalidAttributeName", "Unknown Attribute Colour."),
    );
    const wrongValue = new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: "-1" } });
    const message = "Invalid value for the parameter VisibilityTimeout.";
    expect(await errorOf(sqs.send(wrongValue))).toEqual(refused("InvalidAttributeValue", message));
  });

  test.each([
    [
      { MaxResults: 0 },
      "Value 0 for parameter MaxResults is invalid. Reason: Must be an integer between 1 and 1000.",
    ],
    [{ NextToken: "bm9uc2Vuc2U=" }, "Invalid or expired next token."],
  ])("a list with %j", async (input, message) => {
    const { sqs } = await runEmulator();
    expect(await errorOf(sqs.send(new ListQueuesCommand(input)))).toEqual(
      refused("InvalidParameterValue", message),
    );
  });

  test("tags that are reserved or too many", async () => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    const tag = (Tags: Record<string, string>) => errorOf(sqs.send(new TagQueueCommand({ QueueUrl, Tags })));
    const tooMany = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`tag-${index}`, "x"]));
    expect(await tag(tooMany)).toMatchObject({
      message: expect.stringContaining("Maximum number of tags is 50."),
    });
    expect(await tag({ "aws:name": "x" })).toMatchObject({ message: expect.stringContaining("reserved") });
    expect(await tag({ "": "x" })).toMatchObject({
      message: expect.stringContaining("between 1 and 128 characters"),
    });
    expect(await tag({ long: "x".repeat(257) })).toMatchObject({
      message: expect.stringContaining("at most 256 characters"),
    });
    expect(await tag({})).toEqual(
      refused("MissingParameter", "The request must contain the parameter Tags."),
    );
  });

  test("permissions with a known label, an unknown label, action or account", async () => {
    const { createQueue, sqs } = await runEmulator();
    const QueueUrl = await createQueue("orders");
    const add = (Label: string, AWSAccountIds = ["111122223333"], Actions = ["SendMessage"]) =>
      sqs.send(new AddPermissionCommand({ QueueUrl, Label, AWSAccountIds, Actions }));
    await add("label");
    const taken = "Value label for parameter Label is invalid. Reason: Already exists.";
    expect(await errorOf(add("label"))).toEqual(refused("InvalidParameterValue", taken));
    expect(await errorOf(add("a b"))).toMatchObject({
      message: expect.stringContaining("Can only include alphanumeric"),
    });
    expect(await errorOf(add("x", ["me"]))).toMatchObject({
      message: expect.stringContaining("PrincipalId"),
    });
    expect(await errorOf(add("x", ["111122223333"], ["Steal"]))).toMatchObject({
      message: expect.stringContaining("Value SQS:Steal for parameter ActionName"),
    });
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
    const start = (input: {
      SourceArn: string;
      DestinationArn?: string;
      MaxNumberOfMessagesPerSecond?: number;
    }) => errorOf(sqs.send(new StartMessageMoveTaskCommand(input)));
    const missing = (parameter: string) => ({
      name: "ResourceNotFoundException",
      code: "ResourceNotFoundException",
      status: 404,
      message: `The resource that you specified for the ${parameter} parameter doesn't exist.`,
    });
    expect(await start({ SourceArn: arn("missing") })).toEqual(missing("SourceArn"));
    expect(await start({ SourceArn: arn("orders"), DestinationArn: arn("missing") })).toEqual(
      missing("DestinationArn"),
    );
    expect(await start({ SourceArn: "nonsense" })).toMatchObject({
      message: expect.stringContaining("You must use this format to specify the SourceArn"),
    });
    const notDead = "Source queue must be configured as a Dead Letter Queue.";
    expect(await start({ SourceArn: arn("orders") })).toEqual(refused("InvalidParameterValue", notDead));
    expect(await start({ SourceArn: arn("orders"), DestinationArn: arn("orders") })).toMatchObject({
      name: "InvalidParameterValue",
    });
    expect(await start({ SourceArn: arn("orders"), MaxNumberOfMessagesPerSecond: 501 })).toMatchObject({
      message: expect.stringContaining("between 1 and 500"),
    });
    const cancel = (TaskHandle: string) =>
      errorOf(sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle })));
    expect(await cancel("nonsense")).toEqual(
      refused("InvalidParameterValue", "Value for parameter TaskHandle is invalid."),
    );
    const handle = (sourceArn: string) =>
      Buffer.from(JSON.stringify({ taskId: "x", sourceArn })).toString("base64");
    expect(await cancel(handle(arn("missing")))).toEqual(missing("SourceArn"));
    expect(await cancel(handle(arn("orders")))).toMatchObject({
      name: "ResourceNotFoundException",
      message: "Task does not exist.",
    });
    const list = new ListMessageMoveTasksCommand({ SourceArn: arn("orders"), MaxResults: 11 });
    expect(await errorOf(sqs.send(list))).toMatchObject({ name: "InvalidParameterValue" });
  });
});
