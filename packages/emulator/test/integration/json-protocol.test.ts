import { expect, test } from "vitest";
import { runEmulator } from "../support/running-emulator.ts";

async function withJson() {
  const running = await runEmulator();
  const post = (operation: string, body: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(running.endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": `AmazonSQS.${operation}`,
        ...headers,
      },
      body,
    });
  return { ...running, post };
}

test("an answer has its content type and request id", async () => {
  const { post } = await withJson();
  const response = await post("CreateQueue", JSON.stringify({ QueueName: "orders" }));
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/x-amz-json-1.0");
  expect(response.headers.get("x-amzn-requestid")).toMatch(/^[0-9a-f-]{36}$/);
});

test("an operation without output has an empty body, and absent members are left out", async () => {
  const { post, createQueue } = await withJson();
  const QueueUrl = await createQueue("orders");
  expect(await (await post("TagQueue", JSON.stringify({ QueueUrl, Tags: { a: "b" } }))).text()).toBe("");
  expect(await (await post("ReceiveMessage", JSON.stringify({ QueueUrl }))).text()).toBe("{}");
  expect(await (await post("ListQueues", JSON.stringify({ QueueNamePrefix: "x" }))).text()).toBe("{}");
});

test("an error has its type in the body and its query code in a header", async () => {
  const { post } = await withJson();
  const response = await post("GetQueueUrl", JSON.stringify({ QueueName: "missing" }));
  expect(response.status).toBe(400);
  expect(response.headers.get("x-amzn-query-error")).toBe("AWS.SimpleQueueService.NonExistentQueue;Sender");
  expect(await response.json()).toEqual({
    __type: "com.amazonaws.sqs#QueueDoesNotExist",
    message: "The specified queue does not exist.",
  });
});

test.each([
  ["CreateQueue", "{", "SerializationException", "The request body is not valid JSON."],
  ["CreateQueue", "[]", "SerializationException", "The request body must be a JSON object."],
  [
    "CreateQueue",
    "",
    "MissingRequiredParameterException",
    "The request must contain the parameter QueueName.",
  ],
  [
    "CreateQueue",
    '{"QueueName":{}}',
    "SerializationException",
    "Start of structure or map found where not expected.",
  ],
  ["CreateQueue", '{"QueueName":[]}', "SerializationException", "Start of list found where not expected."],
  [
    "CreateQueue",
    '{"QueueName":"q","Attributes":[]}',
    "SerializationException",
    "Member Attributes must be a map.",
  ],
  ["CreateQueue", '{"QueueName":"q","tags":7}', "SerializationException", "Member tags must be a map."],
  [
    "ListQueues",
    '{"MaxResults":1.5}',
    "SerializationException",
    "DECIMAL_VALUE can not be converted to an Integer",
  ],
  [
    "ListQueues",
    '{"MaxResults":true}',
    "SerializationException",
    "TRUE_VALUE can not be converted to an Integer",
  ],
  [
    "SendMessageBatch",
    '{"QueueUrl":"http://h/q","Entries":{}}',
    "SerializationException",
    "Member Entries must be a list.",
  ],
  [
    "SendMessageBatch",
    '{"QueueUrl":"http://h/q","Entries":["a"]}',
    "SerializationException",
    "Member Entries must be a list of structures.",
  ],
  [
    "SendMessage",
    '{"QueueUrl":"http://h/q","MessageBody":"a","MessageAttributes":{"a":7}}',
    "SerializationException",
    "Member MessageAttributes must be a map of structures.",
  ],
  ["Explode", "{}", "UnknownOperationException", "The action Explode is not valid for this endpoint."],
])("%s with the body %s is refused as %s", async (operation, body, type, message) => {
  const { post, createQueue } = await withJson();
  await createQueue("q");
  const response = await post(operation, body);
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({ __type: `com.amazon.coral.service#${type}`, message });
});

test("numbers and booleans are cast where text is expected, and null counts as absent", async () => {
  const { post, createQueue, emulator } = await withJson();
  const QueueUrl = await createQueue("orders");
  const body = {
    QueueUrl,
    MessageBody: 0,
    DelaySeconds: null,
    MessageAttributes: { a: { DataType: "String", StringValue: true } },
  };
  expect((await post("SendMessage", JSON.stringify(body))).status).toBe(200);
  expect(emulator.sqs.queues()[0]?.messages[0]?.body).toBe("0");
});

test("the trace header of a request becomes a system attribute of its message", async () => {
  const { post, createQueue } = await withJson();
  const QueueUrl = await createQueue("orders");
  await post("SendMessage", JSON.stringify({ QueueUrl, MessageBody: "a" }), {
    "x-amzn-trace-id": "Root=1-2",
  });
  const received = await post(
    "ReceiveMessage",
    JSON.stringify({ QueueUrl, MessageSystemAttributeNames: ["AWSTraceHeader"] }),
  );
  expect(await received.json()).toMatchObject({ Messages: [{ Attributes: { AWSTraceHeader: "Root=1-2" } }] });
});

test("a body longer than any request can be is cut off", async () => {
  const { post, query } = await withJson();
  expect((await post("SendMessage", "x".repeat(17 * 1024 * 1024))).status).toBe(413);
  expect((await query({ Action: "ListQueues" })).status).toBe(200);
});

test.each(["json", "query"])("an attribute that is called __proto__ is one, over %s", async (wire) => {
  const { post, createQueue, query } = await withJson();
  const QueueUrl = await createQueue("orders");
  const attribute = '{"__proto__":{"DataType":"String","StringValue":"x"}}';
  if (wire === "json")
    await post(
      "SendMessage",
      `{"QueueUrl":"${QueueUrl}","MessageBody":"a","MessageAttributes":${attribute}}`,
    );
  else
    await query({
      Action: "SendMessage",
      QueueUrl,
      MessageBody: "a",
      "MessageAttribute.1.Name": "__proto__",
      "MessageAttribute.1.Value.DataType": "String",
      "MessageAttribute.1.Value.StringValue": "x",
    });
  const body = JSON.stringify({ QueueUrl, MessageAttributeNames: ["All"] });
  const received = await (await post("ReceiveMessage", body)).text();
  expect(received).toContain(`"MessageAttributes":${attribute}`);
});
