import { expect, test } from "vitest";
import { textOf, textsOf, UUID, withQueryQueue } from "../support/query-calls.ts";
import { runEmulator } from "../support/running-emulator.ts";

const ARN = "arn:aws:sqs:us-east-1:000000000000";

test("queues are created with attributes and tags, found, listed and deleted", async () => {
  const { call, QueueUrl, emulator } = await withQueryQueue("orders", {
    "Attribute.1.Name": "VisibilityTimeout",
    "Attribute.1.Value": "12",
    "Attribute.2.Name": "DelaySeconds",
    "Attribute.2.Value": "0",
    "Tag.1.Key": "team",
    "Tag.1.Value": "a & b",
  });
  expect(emulator.sqs.queues()[0]).toMatchObject({
    attributes: { VisibilityTimeout: "12" },
    tags: { team: "a & b" },
  });
  expect(textOf(await call("GetQueueUrl", { QueueName: "orders" }), "QueueUrl")).toBe(QueueUrl);
  await call("CreateQueue", { QueueName: "others" });
  const first = await call("ListQueues", { MaxResults: "1" });
  const second = await call("ListQueues", { MaxResults: "1", NextToken: textOf(first, "NextToken") });
  expect([...textsOf(first, "QueueUrl"), ...textsOf(second, "QueueUrl")]).toEqual([
    QueueUrl,
    QueueUrl.replace("orders", "others"),
  ]);
  expect(second).not.toContain("NextToken");
  const deleted = await call("DeleteQueue", { QueueUrl });
  expect(deleted).not.toContain("DeleteQueueResult");
  expect(await call("ListQueues", { QueueNamePrefix: "orders" })).toContain(
    "<ListQueuesResult></ListQueuesResult>",
  );
});

test("attributes and tags are read and written as numbered members", async () => {
  const { call, QueueUrl } = await withQueryQueue();
  await call("SetQueueAttributes", { QueueUrl, "Attribute.Name": "DelaySeconds", "Attribute.Value": "3" });
  const one = await call("GetQueueAttributes", {
    QueueUrl,
    "AttributeName.1": "DelaySeconds",
    "AttributeName.2": "QueueArn",
  });
  expect(one).toContain("<Attribute><Name>DelaySeconds</Name><Value>3</Value></Attribute>");
  expect(one).toContain(`<Attribute><Name>QueueArn</Name><Value>${ARN}:orders</Value></Attribute>`);
  expect(textsOf(await call("GetQueueAttributes", { QueueUrl, AttributeName: "All" }), "Name")).toContain(
    "VisibilityTimeout",
  );
  await call("TagQueue", {
    QueueUrl,
    "Tag.1.Key": "a",
    "Tag.1.Value": "1",
    "Tag.2.Key": "b",
    "Tag.2.Value": "2",
  });
  await call("UntagQueue", { QueueUrl, "TagKey.1": "a" });
  expect(await call("ListQueueTags", { QueueUrl })).toContain(
    "<ListQueueTagsResult><Tag><Key>b</Key><Value>2</Value></Tag></ListQueueTagsResult>",
  );
  await call("AddPermission", {
    QueueUrl,
    Label: "l",
    "AWSAccountId.1": "111122223333",
    "ActionName.1": "SendMessage",
  });
  expect(await call("GetQueueAttributes", { QueueUrl, "AttributeName.1": "Policy" })).toContain(
    "&quot;SQS:SendMessage&quot;",
  );
  await call("RemovePermission", { QueueUrl, Label: "l" });
});

test("a message with attributes is sent and received unchanged", async () => {
  const { call, QueueUrl } = await withQueryQueue();
  const sent = await call("SendMessage", {
    QueueUrl,
    MessageBody: 'a <b> & "c" \r\n',
    "MessageAttribute.1.Name": "attribName1",
    "MessageAttribute.1.Value.DataType": "String",
    "MessageAttribute.1.Value.StringValue": "attribValue 1",
    "MessageSystemAttribute.1.Name": "AWSTraceHeader",
    "MessageSystemAttribute.1.Value.DataType": "String",
    "MessageSystemAttribute.1.Value.StringValue": "some-trace-id",
  });
  expect(textOf(sent, "MD5OfMessageAttributes")).toBe("19e27d4e946b072f3f58da80d94fd778");
  expect(textOf(sent, "MD5OfMessageSystemAttributes")).toBe("fdce4f2818803f2f73becc09a54792c0");
  const received = await call("ReceiveMessage", {
    QueueUrl,
    "AttributeName.1": "All",
    "MessageAttributeName.1": "All",
  });
  expect(received).toContain("<Body>a &lt;b&gt; &amp; &quot;c&quot; &#xD;\n</Body>");
  expect(received).toContain(
    "<Attribute><Name>AWSTraceHeader</Name><Value>some-trace-id</Value></Attribute>",
  );
  expect(received).toContain(
    "<MessageAttribute><Name>attribName1</Name><Value><DataType>String</DataType><StringValue>attribValue 1</StringValue></Value></MessageAttribute>",
  );
  const ReceiptHandle = textOf(received, "ReceiptHandle");
  await call("ChangeMessageVisibility", { QueueUrl, ReceiptHandle, VisibilityTimeout: "10" });
  await call("DeleteMessage", { QueueUrl, ReceiptHandle });
  expect(await call("ReceiveMessage", { QueueUrl })).toContain(
    "<ReceiveMessageResult></ReceiveMessageResult>",
  );
});

test("a binary attribute is base64 in both directions", async () => {
  const { call, QueueUrl } = await withQueryQueue();
  await call("SendMessage", {
    QueueUrl,
    MessageBody: "a",
    "MessageAttribute.1.Name": "binaryAttribute",
    "MessageAttribute.1.Value.DataType": "Binary",
    "MessageAttribute.1.Value.BinaryValue": Buffer.from("Hello binary world!").toString("base64"),
  });
  const received = await call("ReceiveMessage", { QueueUrl, "MessageAttributeName.1": "binary.*" });
  expect(textOf(received, "MD5OfMessageAttributes")).toBe("31a92b15d92f8db860eda32aceb656c3");
  expect(Buffer.from(textOf(received, "BinaryValue"), "base64").toString()).toBe("Hello binary world!");
});

test("batches answer for each entry by its id", async () => {
  const { call, QueueUrl } = await withQueryQueue();
  const sent = await call("SendMessageBatch", {
    QueueUrl,
    "SendMessageBatchRequestEntry.1.Id": "one",
    "SendMessageBatchRequestEntry.1.MessageBody": "1",
    "SendMessageBatchRequestEntry.1.MessageAttribute.1.Name": "attribName1",
    "SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType": "String",
    "SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue": "attribValue 1",
    "SendMessageBatchRequestEntry.2.Id": "two",
    "SendMessageBatchRequestEntry.2.MessageBody": "2",
    "SendMessageBatchRequestEntry.3.Id": "three",
    "SendMessageBatchRequestEntry.3.MessageBody": "\u0001",
  });
  expect(sent.match(/<SendMessageBatchResultEntry>/g)).toHaveLength(2);
  expect(textOf(sent, "MD5OfMessageAttributes")).toBe("19e27d4e946b072f3f58da80d94fd778");
  expect(sent).toContain("<BatchResultErrorEntry><Id>three</Id><Code>InvalidMessageContents</Code>");
  expect(textOf(sent, "SenderFault")).toBe("true");
  const received = await call("ReceiveMessage", { QueueUrl, MaxNumberOfMessages: "10" });
  const [first = "", second = ""] = textsOf(received, "ReceiptHandle");
  const changed = await call("ChangeMessageVisibilityBatch", {
    QueueUrl,
    "ChangeMessageVisibilityBatchRequestEntry.1.Id": "one",
    "ChangeMessageVisibilityBatchRequestEntry.1.ReceiptHandle": first,
    "ChangeMessageVisibilityBatchRequestEntry.1.VisibilityTimeout": "5",
  });
  expect(changed).toContain(
    "<ChangeMessageVisibilityBatchResultEntry><Id>one</Id></ChangeMessageVisibilityBatchResultEntry>",
  );
  const deleted = await call("DeleteMessageBatch", {
    QueueUrl,
    "DeleteMessageBatchRequestEntry.1.Id": "one",
    "DeleteMessageBatchRequestEntry.1.ReceiptHandle": first,
    "DeleteMessageBatchRequestEntry.2.Id": "two",
    "DeleteMessageBatchRequestEntry.2.ReceiptHandle": second,
  });
  expect(textsOf(deleted, "Id")).toEqual(["one", "two"]);
});

test("entries and members are taken in the order of their numbers, tenth after second", async () => {
  const { call, QueueUrl, emulator } = await withQueryQueue("orders.fifo", {
    "Attribute.1.Name": "FifoQueue",
    "Attribute.1.Value": "true",
  });
  const parameters: Record<string, string> = { QueueUrl };
  for (let number = 10; number >= 1; number -= 1) {
    parameters[`SendMessageBatchRequestEntry.${number}.Id`] = `id-${number}`;
    parameters[`SendMessageBatchRequestEntry.${number}.MessageBody`] = String(number);
    parameters[`SendMessageBatchRequestEntry.${number}.MessageGroupId`] = "g";
    parameters[`SendMessageBatchRequestEntry.${number}.MessageDeduplicationId`] = String(number);
  }
  await call("SendMessageBatch", parameters);
  const bodies = emulator.sqs.queues()[0]?.messages.map(({ body }) => body);
  expect(bodies).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
});

test("dead-letter queues and move tasks have their members", async () => {
  const { call, QueueUrl, emulator } = await withQueryQueue("dead");
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: `${ARN}:dead`, maxReceiveCount: 1 });
  await call("CreateQueue", {
    QueueName: "orders",
    "Attribute.1.Name": "RedrivePolicy",
    "Attribute.1.Value": RedrivePolicy,
  });
  const sources = await call("ListDeadLetterSourceQueues", { QueueUrl });
  expect(textsOf(sources, "QueueUrl")).toEqual([QueueUrl.replace("dead", "orders")]);
  await call("CreateQueue", { QueueName: "elsewhere" });
  await call("SendMessage", { QueueUrl, MessageBody: "a" });
  const started = await call("StartMessageMoveTask", {
    SourceArn: `${ARN}:dead`,
    DestinationArn: `${ARN}:elsewhere`,
    MaxNumberOfMessagesPerSecond: "1",
  });
  const TaskHandle = textOf(started, "TaskHandle");
  const listed = await call("ListMessageMoveTasks", { SourceArn: `${ARN}:dead` });
  expect(listed).toContain("<ListMessageMoveTasksResultEntry>");
  expect([textOf(listed, "Status"), textOf(listed, "TaskHandle")]).toEqual(["RUNNING", TaskHandle]);
  expect(
    textOf(await call("CancelMessageMoveTask", { TaskHandle }), "ApproximateNumberOfMessagesMoved"),
  ).toBe("0");
  await emulator.clock.advance(1000);
  await call("PurgeQueue", { QueueUrl });
});

test("errors have type, code, message and request id", async () => {
  const { query } = await runEmulator();
  const missing = await query({ Action: "GetQueueUrl", QueueName: "missing" });
  expect(missing.status).toBe(400);
  expect(missing.body).toMatch(
    /^<\?xml version="1.0"\?><ErrorResponse xmlns="[^"]+"><Error><Type>Sender<\/Type>/,
  );
  expect(textOf(missing.body, "Code")).toBe("AWS.SimpleQueueService.NonExistentQueue");
  expect(textOf(missing.body, "Message")).toBe("The specified queue does not exist for this wsdl version.");
  expect(textOf(missing.body, "RequestId")).toMatch(UUID);
});

test.each([
  [{}, "MissingAction", "The request must contain the parameter Action."],
  [{ Action: "Explode" }, "InvalidAction", "The action Explode is not valid for this endpoint."],
  [{ Action: "CreateQueue" }, "MissingParameter", "The request must contain the parameter QueueName."],
  [
    { Action: "SendMessage", MessageBody: "a" },
    "MissingParameter",
    "The request must contain the parameter QueueUrl.",
  ],
  [
    { Action: "ListQueues", MaxResults: "many" },
    "MalformedInput",
    "STRING_VALUE can not be converted to an Integer",
  ],
])("the form %j is answered with %s", async (form, code, message) => {
  const { query } = await runEmulator();
  const answer = await query({ ...form });
  expect(answer.status).toBe(400);
  expect([textOf(answer.body, "Code"), textOf(answer.body, "Message")]).toEqual([code, message]);
});

test("an empty list is sent as an empty list", async () => {
  const { query, QueueUrl } = await withQueryQueue();
  const answer = await query({ Action: "SendMessageBatch", QueueUrl, Entries: "" });
  expect(textOf(answer.body, "Code")).toBe("AWS.SimpleQueueService.EmptyBatchRequest");
  expect((await query({ Action: "ReceiveMessage", QueueUrl, AttributeNames: "" })).status).toBe(200);
});

test("a parameter name with very many steps costs no time", async () => {
  const { query } = await runEmulator();
  const before = process.cpuUsage();
  expect((await query({ Action: "ListQueues", ["a.".repeat(100_000)]: "x" })).status).toBe(200);
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(1000);
});
