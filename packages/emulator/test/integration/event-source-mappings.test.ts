import { SendMessageBatchCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import type { EventSourceMappingOptions } from "../../src/index.ts";
import { LambdaRuntime, type RuntimeEvent } from "../support/lambda-runtime.ts";
import { runEmulator, until } from "../support/running-emulator.ts";

type Mapped = Partial<EventSourceMappingOptions>;

async function mapped(name: string, mapping: Mapped = {}, attributes: Record<string, string> = {}) {
  const running = await runEmulator();
  const QueueUrl = await running.createQueue(name, attributes);
  const opened = await running.emulator.sqs.addMapping({ queue: name, ...mapping });
  const send = async (bodies: readonly string[], group?: string): Promise<void> => {
    for (let start = 0; start < bodies.length; start += 10) {
      const Entries = bodies.slice(start, start + 10).map((MessageBody, index) => ({
        Id: String(index),
        MessageBody,
        ...(group !== undefined && { MessageGroupId: group, MessageDeduplicationId: MessageBody }),
      }));
      await running.sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    }
  };
  const left = (): readonly string[] =>
    (running.emulator.sqs.queues()[0]?.messages ?? []).map(({ body }) => body).toSorted();
  return {
    ...running,
    QueueUrl,
    mapping: opened,
    runtime: new LambdaRuntime(opened.environment),
    send,
    left,
  };
}

const bodiesOf = ({ records }: RuntimeEvent): readonly string[] => records.map(({ body }) => body);
const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `m${index}`);

describe("an event", () => {
  test("brings the message as Lambda does, with the function's deadline", async () => {
    const { QueueUrl, runtime, sqs } = await mapped("orders", { functionName: "charge" });
    const beforeMs = Date.now();
    const asked = runtime.next();
    await sqs.send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody: "hello",
        MessageAttributes: {
          tenant: { DataType: "String", StringValue: "a" },
          stamp: { DataType: "Binary", BinaryValue: Uint8Array.of(0, 1, 255) },
        },
      }),
    );
    const { deadlineMs, functionArn, records } = await asked;
    expect(functionArn).toBe("arn:aws:lambda:eu-west-1:000000000000:function:charge");
    // Three seconds after it was handed out. The emulator's clock and the machine's may differ a little.
    expect(deadlineMs).toBeGreaterThan(beforeMs + 2_900);
    expect(deadlineMs).toBeLessThan(Date.now() + 3_100);
    expect(records).toMatchObject([
      {
        body: "hello",
        attributes: { ApproximateReceiveCount: "1", SentTimestamp: expect.stringMatching(/^\d{13}$/) },
        messageAttributes: {
          tenant: { dataType: "String", stringValue: "a", stringListValues: [], binaryListValues: [] },
          stamp: { dataType: "Binary", binaryValue: "AAH/" },
        },
        eventSource: "aws:sqs",
        eventSourceARN: "arn:aws:sqs:eu-west-1:000000000000:orders",
        awsRegion: "eu-west-1",
      },
    ]);
  });

  test("has at most batchSize messages, and what is there goes at once without a window", async () => {
    const { runtime, send } = await mapped("orders", { batchSize: 4 });
    await send(numbered(6));
    const first = await runtime.next();
    const second = await runtime.next();
    expect([first.records.length, second.records.length]).toEqual([4, 2]);
  });

  test("gathers during the window, and goes as soon as it is full", async () => {
    const { emulator, mapping, runtime, send } = await mapped("orders", { batchSize: 20, windowSeconds: 5 });
    const asked = runtime.next();
    await send(numbered(3));
    await emulator.clock.advance(4_000);
    await send(["late"]);
    expect(mapping.invocations()).toEqual([]);
    await emulator.clock.advance(1_100);
    expect(bodiesOf(await asked).toSorted()).toEqual(["late", ...numbered(3)]);
    const full = runtime.next();
    await send(numbered(25));
    expect((await full).records).toHaveLength(20);
  });

  test("holds no more than six megabytes; the rest is the next one's", async () => {
    const { runtime, send, emulator } = await mapped("orders", { batchSize: 100, windowSeconds: 1 });
    const large = numbered(8).map((body) => body.padEnd(1_000_000, "x"));
    for (const body of large) await send([body]);
    const asked = runtime.next();
    await emulator.clock.advance(1_100);
    expect((await asked).records).toHaveLength(6);
    expect((await runtime.next()).records).toHaveLength(2);
  });

  test("goes to the environment that waits longest, and to no more than maxConcurrency", async () => {
    const { mapping, runtime, send } = await mapped("orders", { batchSize: 1, maxConcurrency: 2 });
    await send(numbered(3));
    const [first] = await Promise.all([runtime.next(), runtime.next()]);
    const third = runtime.next();
    await until(() => mapping.invocations().length === 2);
    await runtime.respond(first);
    expect((await third).records).toHaveLength(1);
  });

  test("is not handed to an environment that hung up", async () => {
    const { emulator, runtime, send } = await mapped("orders");
    const gone = new AbortController();
    const hungUp = runtime.next(gone.signal);
    await until(() => emulator.sqs.queues()[0]?.waiting === 1);
    gone.abort();
    await expect(hungUp).rejects.toThrow("abort");
    const asked = runtime.next();
    await send(["m"]);
    expect(bodiesOf(await asked)).toEqual(["m"]);
  });
});

test("a message that waited too long for an environment is in the next event once", async () => {
  const { emulator, runtime, send } = await mapped("orders", { windowSeconds: 5 });
  const gone = new AbortController();
  const hungUp = runtime.next(gone.signal);
  await until(() => emulator.sqs.queues()[0]?.waiting === 1);
  await send(["m"]);
  await until(() => emulator.sqs.queues()[0]?.inFlight === 1);
  gone.abort();
  await expect(hungUp).rejects.toThrow("abort");
  // When this is answered, the emulator has seen the other connection close.
  await runtime.respond({ requestId: "unknown" });
  await emulator.clock.advance(31_000);
  const asked = runtime.next();
  await until(() => emulator.sqs.queues()[0]?.inFlight === 1);
  await emulator.clock.advance(5_100);
  expect((await asked).records).toMatchObject([{ body: "m", attributes: { ApproximateReceiveCount: "2" } }]);
});

describe("an answer", () => {
  test("without an error deletes everything, a list of failures too where partial responses are off", async () => {
    const { left, runtime, send } = await mapped("orders");
    await send(numbered(3));
    const event = await runtime.next();
    expect(await runtime.respondPartly(event, ["m1"])).toBe(202);
    expect(left()).toEqual([]);
  });

  test("with ReportBatchItemFailures leaves what it lists until the visibility timeout ends", async () => {
    const { emulator, left, mapping, runtime, send } = await mapped("orders", {
      reportBatchItemFailures: true,
    });
    await send(numbered(3));
    await runtime.respondPartly(await runtime.next(), ["m1"]);
    expect(left()).toEqual(["m1"]);
    expect(mapping.invocations()).toMatchObject([{ outcome: "response", failedIds: [expect.any(String)] }]);
    const again = runtime.next();
    await emulator.clock.advance(31_000);
    expect((await again).records).toMatchObject([
      { body: "m1", attributes: { ApproximateReceiveCount: "2" } },
    ]);
  });

  test("that is an error, or comes too late, deletes nothing", async () => {
    const { emulator, left, mapping, runtime, send } = await mapped("orders", { batchSize: 1 });
    await send(numbered(2));
    const [first, second] = [await runtime.next(), await runtime.next()];
    expect(await runtime.fail(first)).toBe(202);
    await emulator.clock.advance(3_000);
    expect(await runtime.respond(second)).toBe(400);
    expect(left()).toEqual(numbered(2));
    expect(mapping.invocations().map(({ outcome }) => outcome)).toEqual(["error", "timeout"]);
  });

  test("counts once, and only for its own event", async () => {
    const { runtime, send } = await mapped("orders");
    await send(["m"]);
    const event = await runtime.next();
    expect(await runtime.respond({ requestId: "unknown" })).toBe(400);
    expect(await runtime.respond(event)).toBe(202);
    expect(await runtime.respond(event)).toBe(400);
  });

  test("of a failed start is kept, up to a limit", async () => {
    const { mapping, runtime } = await mapped("orders");
    expect(await runtime.failInit()).toBe(202);
    expect(mapping.initErrors()).toEqual(['{"errorType":"Init"}']);
    for (let start = 0; start < 100; start += 1) await runtime.failInit();
    expect(mapping.initErrors()).toHaveLength(100);
  });
});

test("a FIFO group waits for its failed message, and after the last receive goes on without it", async () => {
  const running = await runEmulator();
  const QueueUrl = await running.createQueue("dead.fifo");
  expect(QueueUrl).toContain("dead.fifo");
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: "arn:aws:sqs:eu-west-1:000000000000:dead.fifo",
    maxReceiveCount: 2,
  });
  const url = await running.createQueue("orders.fifo", { RedrivePolicy });
  const mapping = await running.emulator.sqs.addMapping({
    queue: "orders.fifo",
    batchSize: 1,
    reportBatchItemFailures: true,
  });
  const runtime = new LambdaRuntime(mapping.environment);
  for (const body of ["m1", "m2"]) {
    const group = { MessageGroupId: "one", MessageDeduplicationId: body };
    await running.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body, ...group }));
  }
  const seen: string[] = [];
  for (let invocation = 0; invocation < 3; invocation += 1) {
    const asked = runtime.next();
    await running.emulator.clock.advance(31_000);
    const event = await asked;
    seen.push(...bodiesOf(event));
    await runtime.respondPartly(event, ["m1"]);
  }
  expect(seen).toEqual(["m1", "m1", "m2"]);
  const dead = running.emulator.sqs.queues().find(({ name }) => name === "dead.fifo");
  expect(dead?.messages.map(({ body }) => body)).toEqual(["m1"]);
});

describe("a mapping", () => {
  test.each<[Mapped, Record<string, string>, string]>([
    [{ batchSize: 0 }, {}, "batchSize must be 1 to 10000"],
    [{ batchSize: 11 }, {}, "needs windowSeconds"],
    [{ batchSize: 100, windowSeconds: 301 }, {}, "windowSeconds must be 0 to 300"],
    [{ maxConcurrency: 1 }, {}, "maxConcurrency must be 2 to 1000"],
    [{ functionTimeoutMs: 0 }, {}, "functionTimeoutMs"],
    [
      { functionTimeoutMs: 60_000 },
      { VisibilityTimeout: "30" },
      "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds",
    ],
    [{ queue: "nowhere" }, {}, 'there is no queue "nowhere"'],
  ])("with impossible options is refused: %o", async (mapping, attributes, words) => {
    await expect(mapped("orders", mapping, attributes)).rejects.toThrow(words);
  });

  test("of a FIFO queue has neither a window nor more than ten messages", async () => {
    const problem = mapped("orders.fifo", { batchSize: 20, windowSeconds: 1 });
    await expect(problem).rejects.toThrow(/no batching window.*at most 10/);
  });

  test("that is closed, or reset away, hands out nothing more and keeps nothing running", async () => {
    const { emulator, mapping, runtime, send } = await mapped("orders");
    const cut = runtime.next();
    await until(() => emulator.sqs.queues()[0]?.waiting === 1);
    const [ended] = await Promise.allSettled([cut, mapping.close()]);
    expect(ended.status).toBe("rejected");
    await send(["m"]);
    expect(emulator.sqs.queues()[0]).toMatchObject({ visible: 1, waiting: 0 });
    emulator.reset();
    expect(mapping.invocations()).toEqual([]);
  });

  test("that is reset while it starts leaves no port open", async () => {
    const { emulator, createQueue } = await runEmulator();
    await createQueue("orders");
    const adding = emulator.sqs.addMapping({ queue: "orders" });
    emulator.reset();
    const { environment } = await adding;
    await expect(fetch(`http://${environment["AWS_LAMBDA_RUNTIME_API"]}/`)).rejects.toThrow("fetch failed");
  });

  test("remembers only the newest calls", { timeout: 60_000 }, async () => {
    const { mapping, runtime, send } = await mapped("orders", { batchSize: 1 });
    await send(numbered(1_001));
    const events: RuntimeEvent[] = [];
    for (let call = 0; call < 1_001; call += 1) {
      const event = await runtime.next();
      events.push(event);
      await runtime.respond(event);
    }
    const kept = mapping.invocations().map(({ requestId }) => requestId);
    expect(kept).toEqual(events.slice(1).map(({ requestId }) => requestId));
  });
});
