import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { errorOf, runEmulator, sqsClient, until } from "../support/running-emulator.ts";

async function withQueue(name = "orders") {
  const running = await runEmulator();
  const QueueUrl = await running.createQueue(name);
  const send = (MessageBody: string, client = running.sqs) =>
    client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  const receive = async (more = {}) =>
    (await running.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...more })))
      .Messages ?? [];
  const counts = () => {
    const { visible, inFlight } = running.emulator.sqs.queues()[0] ?? {};
    return { visible, inFlight };
  };
  return { ...running, QueueUrl, send, receive, counts };
}

describe("errors", () => {
  test.each([
    [{ kind: "throttle" }, { name: "RequestThrottled", status: 403 }],
    [
      { kind: "throttle", code: "ThrottlingException" },
      { name: "ThrottlingException", status: 400 },
    ],
    [{ kind: "serverError" }, { name: "InternalFailure", status: 500 }],
    [
      { kind: "serverError", status: 503 },
      { name: "ServiceUnavailable", status: 503 },
    ],
    [{ kind: "serverError", status: 502, html: true }, { status: 502 }],
    [{ kind: "accessDenied" }, { name: "AccessDenied", status: 403 }],
    [{ kind: "expiredToken" }, { name: "ExpiredToken", status: 403 }],
    [
      { kind: "clockSkew", skewMs: 3_600_000 },
      { name: "RequestExpired", status: 400 },
    ],
    [
      { kind: "error", code: "KmsDisabled" },
      { name: "KmsDisabled", code: "KMS.DisabledException", status: 400 },
    ],
  ] as const)("%j reaches the client and nothing is done", async (action, expected) => {
    const { emulator, send, counts } = await withQueue();
    const id = emulator.faults.add({ operation: "SendMessage", action });
    expect(await errorOf(send("a"))).toMatchObject(expected);
    expect(counts()).toEqual({ visible: 0, inFlight: 0 });
    const [entry] = emulator.log.entries().slice(-1);
    expect(entry).toMatchObject({
      operation: "SendMessage",
      outcome: "error",
      status: expected.status,
      faults: [id],
    });
  });

  test("an error after the call was carried out hides its success", async () => {
    const { emulator, send, counts } = await withQueue();
    emulator.faults.add({ operation: "SendMessage", when: "after", action: { kind: "serverError" } });
    expect(await errorOf(send("a"))).toMatchObject({ name: "InternalFailure" });
    expect(counts()).toEqual({ visible: 1, inFlight: 0 });
  });

  test("the SDK's own retry overcomes a rule that fires once", async () => {
    const { emulator, endpoint, send } = await withQueue();
    emulator.faults.add({
      operation: "SendMessage",
      count: 1,
      action: { kind: "serverError", html: true, status: 503 },
    });
    const retrying = sqsClient(endpoint, { maxAttempts: 3 });
    expect((await send("a", retrying)).MessageId).toBeDefined();
    const sends = emulator.log.entries().filter(({ operation }) => operation === "SendMessage");
    expect(sends.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, "error"],
      [2, "ok"],
    ]);
    expect(new Set(sends.map(({ invocationId }) => invocationId)).size).toBe(1);
    retrying.destroy();
  });

  test("the SDK corrects its clock by the skewed date and succeeds", async () => {
    const { emulator, endpoint, send } = await withQueue();
    emulator.faults.add({
      operation: "SendMessage",
      count: 1,
      action: { kind: "clockSkew", skewMs: 3_600_000 },
    });
    const retrying = sqsClient(endpoint, { maxAttempts: 3 });
    expect((await send("a", retrying)).MessageId).toBeDefined();
    expect(emulator.log.count("SendMessage")).toBe(2);
    retrying.destroy();
  });

  test("a throttled answer can say when to retry", async () => {
    const { emulator, endpoint } = await withQueue();
    emulator.faults.add({ action: { kind: "throttle", retryAfterSeconds: 3 } });
    const response = await fetch(`${endpoint}/?Action=ListQueues`);
    expect([response.status, response.headers.get("retry-after")]).toEqual([403, "3"]);
    expect(await response.text()).toContain("<Code>RequestThrottled</Code>");
  });
});

describe("connections", () => {
  test("a reset before the call has no effect, a reset after it only loses the answer", async () => {
    const { emulator, send, counts } = await withQueue();
    const before = emulator.faults.add({ operation: "SendMessage", action: { kind: "reset" } });
    expect(await errorOf(send("a"))).toMatchObject({
      message: expect.stringMatching(/ECONNRESET|socket hang up/),
    });
    expect(counts().visible).toBe(0);
    emulator.faults.remove(before);
    emulator.faults.add({ operation: "SendMessage", when: "after", action: { kind: "reset" } });
    expect(await errorOf(send("a"))).toMatchObject({ status: undefined });
    expect(counts().visible).toBe(1);
    expect(emulator.log.entries().slice(-1)).toMatchObject([{ outcome: "reset", status: undefined }]);
  });

  test("a lost answer makes the SDK send twice", async () => {
    const { emulator, endpoint, send, counts } = await withQueue();
    emulator.faults.add({ operation: "SendMessage", when: "after", count: 1, action: { kind: "reset" } });
    const retrying = sqsClient(endpoint, { maxAttempts: 3 });
    await send("a", retrying);
    expect(counts().visible).toBe(2);
    retrying.destroy();
  });

  test("a call that is held never ends by itself", async () => {
    const { emulator, sqs, QueueUrl, counts } = await withQueue();
    emulator.faults.add({ operation: "SendMessage", when: "after", action: { kind: "hold" } });
    const abort = new AbortController();
    const command = new SendMessageCommand({ QueueUrl, MessageBody: "a" });
    const held = sqs.send(command, { abortSignal: abort.signal });
    await until(() => counts().visible === 1);
    abort.abort();
    await expect(held).rejects.toThrow("aborted");
    expect(emulator.log.entries().slice(-1)).toMatchObject([{ outcome: "held" }]);
  });

  test("a delay passes in engine time", async () => {
    const { emulator, send } = await withQueue();
    emulator.faults.add({ operation: "SendMessage", action: { kind: "delay", ms: 3_600_000 } });
    let isDone = false;
    const sent = send("a").then(() => {
      isDone = true;
    });
    await until(() => emulator.log.count("SendMessage") === 1);
    await emulator.clock.advance(3_580_000);
    expect(isDone).toBe(false);
    await emulator.clock.advance(20_000);
    await sent;
  });

  test("an answer sent in small parts arrives complete", async () => {
    const { emulator, sqs } = await withQueue();
    emulator.faults.add({
      operation: "ListQueues",
      action: { kind: "trickle", bytesPerPart: 5, everyMs: 1 },
    });
    expect((await sqs.send(new ListQueuesCommand({}))).QueueUrls).toHaveLength(1);
  });
});

describe("batches", () => {
  const Entries = ["a", "b", "c"].map((Id) => ({ Id, MessageBody: Id }));

  test.each([
    ["before", 2],
    ["after", 3],
  ] as const)("an entry that fails %s leaves %i messages", async (when, visible) => {
    const { emulator, sqs, QueueUrl, counts } = await withQueue();
    emulator.faults.add({
      when,
      action: { kind: "partialBatch", entries: [1] },
      operation: "SendMessageBatch",
    });
    const { Successful, Failed } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    expect(Successful?.map(({ Id }) => Id)).toEqual(["a", "c"]);
    expect(Failed).toEqual([
      { Id: "b", Code: "InternalError", Message: "Injected fault: the entry failed.", SenderFault: false },
    ]);
    expect(counts().visible).toBe(visible);
  });

  test("all entries can fail, with a code of the service", async () => {
    const { emulator, sqs, QueueUrl } = await withQueue();
    emulator.faults.add({
      action: { kind: "partialBatch", code: "KmsThrottled", isSenderFault: true, message: "no" },
    });
    const { Successful, Failed } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    expect(Successful).toBeUndefined();
    expect(Failed).toHaveLength(3);
    expect(Failed?.[0]).toEqual({
      Id: "a",
      Code: "KMS.ThrottlingException",
      Message: "no",
      SenderFault: true,
    });
  });
});

describe("deliveries", () => {
  test("a duplicate is delivered while the first copy is still held", async () => {
    const { emulator, sqs, QueueUrl, send, receive, counts } = await withQueue();
    await send("a");
    emulator.faults.add({ operation: "ReceiveMessage", count: 1, action: { kind: "duplicate" } });
    const [first] = await receive();
    const [second] = await receive();
    expect(second?.MessageId).toBe(first?.MessageId);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle }));
    expect(counts()).toEqual({ visible: 0, inFlight: 1 });
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: second?.ReceiptHandle }));
    expect(counts()).toEqual({ visible: 0, inFlight: 0 });
  });

  test("a lease runs out just before its renewal or its delete", async () => {
    const { emulator, sqs, createQueue, QueueUrl, send, receive } = await withQueue();
    await send("a");
    const [message] = await receive();
    emulator.faults.add({ action: { kind: "expireLease" } });
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));
    const fifoUrl = await createQueue("orders.fifo");
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: fifoUrl,
        MessageBody: "a",
        MessageGroupId: "g",
        MessageDeduplicationId: "d",
      }),
    );
    const [fifo] = await receive({ QueueUrl: fifoUrl });
    const change = new ChangeMessageVisibilityCommand({
      QueueUrl: fifoUrl,
      ReceiptHandle: fifo?.ReceiptHandle,
      VisibilityTimeout: 9,
    });
    expect(await errorOf(sqs.send(change))).toMatchObject({
      message: expect.stringContaining("not available for visibility timeout change"),
    });
    const entry = { Id: "x", ReceiptHandle: (await receive({ QueueUrl: fifoUrl }))[0]?.ReceiptHandle };
    const batch = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: fifoUrl, Entries: [entry] }));
    expect(batch.Failed).toMatchObject([{ Code: "ReceiptHandleIsInvalid" }]);
  });

  test("shuffled messages are the same messages, and a FIFO queue is never shuffled", async () => {
    const { emulator, sqs, createQueue, QueueUrl, receive } = await withQueue();
    const bodies = ["0", "1", "2", "3", "4", "5", "6", "7"];
    const Entries = bodies.map((Id) => ({ Id, MessageBody: Id }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    emulator.faults.add({ operation: "ReceiveMessage", action: { kind: "shuffle" } });
    const shuffled = (await receive()).map(({ Body }) => String(Body));
    expect(shuffled).not.toEqual(bodies);
    expect(shuffled.toSorted()).toEqual(bodies);
    const fifoUrl = await createQueue("orders.fifo", { ContentBasedDeduplication: "true" });
    const ordered = Entries.map((entry) => ({ ...entry, MessageGroupId: "g" }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: fifoUrl, Entries: ordered }));
    expect((await receive({ QueueUrl: fifoUrl })).map(({ Body }) => Body)).toEqual(bodies);
  });

  test("a wrong digest makes the SDK refuse what it got", async () => {
    const { emulator, sqs, QueueUrl, send, receive } = await withQueue();
    emulator.faults.add({ action: { kind: "corruptMd5", entries: [0] } });
    expect(await errorOf(send("a"))).toMatchObject({ message: "InvalidChecksumError" });
    const batch = new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: "b", MessageBody: "b" }] });
    expect(await errorOf(sqs.send(batch))).toMatchObject({
      message: expect.stringContaining("Invalid MD5 checksum on messages: "),
    });
    expect(await errorOf(receive())).toMatchObject({
      message: expect.stringContaining("Invalid MD5 checksum on messages: "),
    });
  });
});
