import type { ItemResult, QueueAdapter } from "@anyqueue/core/adapter";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  consumerOptions,
  exact,
  factsOf,
  fifo,
  never,
  openAdapter,
  outgoing,
  rejection,
  standard,
} from "./open-adapter.ts";
import { refusal, ScriptedServer, sent, type ScriptedReply } from "./scripted-server.ts";

let server: ScriptedServer;
let adapter: QueueAdapter;

beforeEach(async () => {
  server = await ScriptedServer.start();
  adapter = openAdapter(server.endpoint);
});

afterEach(async () => {
  await adapter.close();
  await server.close();
});

/** Answers one operation by hand, the others as usual. */
function answer(operation: string, reply: (nth: number) => ScriptedReply | undefined): void {
  server.script((call) => (call.operation === operation ? reply(server.count(operation)) : undefined));
}

const codesOf = (results: readonly ItemResult<unknown>[]): readonly string[] =>
  results.map((result) => (result.ok ? "ok" : adapter.classify(result.error, "send").code));

describe("sending", () => {
  test("makes one request and never a hidden second one when the answer is lost after it was applied", async () => {
    answer("SendMessageBatch", () => "reset");
    const producer = adapter.openProducer(standard(adapter));
    const error = await rejection(producer.sendBatch([outgoing("1")], never));
    expect(server.count("SendMessageBatch")).toBe(1);
    expect(adapter.classify(error, "send")).toMatchObject({
      code: "CONNECTION_LOST",
      ambiguous: true,
      retryable: true,
    });
  });

  test("makes one request when the service is unavailable, throttles or fails", async () => {
    const producer = adapter.openProducer(standard(adapter));
    for (const reply of [
      refusal("ServiceUnavailable", 503),
      refusal("RequestThrottled", 403),
      refusal("InternalFailure", 500),
    ]) {
      server.calls.length = 0;
      answer("SendMessageBatch", () => reply);
      await rejection(producer.sendBatch([outgoing("1")], never));
      expect(server.count("SendMessageBatch")).toBe(1);
    }
  });

  test.each(["RequestExpired", "RequestTimeTooSkewed"])(
    "repeats a request that was refused as %s once, signed with the service's time",
    async (shape) => {
      const anHourLater = new Date(Date.now() + 3_600_000).toUTCString();
      const signedAt: string[] = [];
      server.script((call) => {
        if (call.operation !== "SendMessageBatch") return undefined;
        signedAt.push(String(call.headers["x-amz-date"]));
        return server.count("SendMessageBatch") > 1
          ? undefined
          : { status: 403, body: { __type: shape, message: shape }, headers: { date: anHourLater } };
      });
      const results = await adapter.openProducer(standard(adapter)).sendBatch([outgoing("1")], never);
      expect(codesOf(results)).toEqual(["ok"]);
      const hours = signedAt.map((stamp) => stamp.slice(9, 11));
      expect(hours).toHaveLength(2);
      expect(hours[0]).not.toBe(hours[1]);
    },
  );

  test("gives up after the second refusal for an expired request", async () => {
    answer("SendMessageBatch", () => refusal("RequestExpired", 403));
    const error = await rejection(adapter.openProducer(standard(adapter)).sendBatch([outgoing("1")], never));
    expect(server.count("SendMessageBatch")).toBe(2);
    expect(adapter.classify(error, "send")).toMatchObject({ code: "UNAUTHENTICATED", ambiguous: false });
  });

  test("does not repeat a failure that only comes with a skewed date: it may have been applied", async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    answer("SendMessageBatch", () => ({
      status: 500,
      body: { __type: "InternalFailure" },
      headers: { date },
    }));
    await rejection(adapter.openProducer(standard(adapter)).sendBatch([outgoing("1")], never));
    expect(server.count("SendMessageBatch")).toBe(1);
  });

  test("reports one result per message when a part of the batch fails", async () => {
    answer("SendMessageBatch", () => ({
      body: {
        Successful: [sent("2", "body of c"), sent("0", "body of a")],
        Failed: [{ Id: "1", Code: "InternalError", SenderFault: false, Message: "try again" }],
      },
    }));
    const producer = adapter.openProducer(standard(adapter));
    const results = await producer.sendBatch(
      ["a", "b", "c", "d"].map((id) => outgoing(id)),
      never,
    );
    expect(codesOf(results)).toEqual(["ok", "UNAVAILABLE", "ok", "UNAVAILABLE"]);
    const [, refused, , forgotten] = results.map((result) =>
      result.ok ? undefined : adapter.classify(result.error, "send"),
    );
    expect(refused).toMatchObject({ ambiguous: false, retryable: true });
    expect(forgotten).toMatchObject({ ambiguous: true });
  });

  test("finds the one message that was stored with another checksum", async () => {
    answer("SendMessageBatch", () => ({
      body: { Successful: [sent("0", "body of a"), sent("1", "something else")] },
    }));
    const results = await adapter
      .openProducer(standard(adapter))
      .sendBatch([outgoing("a"), outgoing("b")], never);
    expect(codesOf(results)).toEqual(["ok", "UNAVAILABLE"]);
    expect(results[1]).toMatchObject({ ok: false, error: { name: "ChecksumError" } });
  });

  test("reads an HTML page with status 503 as the outage that it is", async () => {
    answer("SendMessageBatch", () => ({
      status: 503,
      body: "<html>busy</html>",
      headers: { "retry-after": "3" },
    }));
    const error = await rejection(adapter.openProducer(standard(adapter)).sendBatch([outgoing("1")], never));
    expect(adapter.classify(error, "send")).toMatchObject({ code: "UNAVAILABLE", retryAfterMs: 3_000 });
  });

  test("sends nothing once the signal was aborted", async () => {
    const producer = adapter.openProducer(standard(adapter));
    await producer.open?.(never);
    const error = await rejection(producer.sendBatch([outgoing("1")], AbortSignal.abort()));
    expect(server.count("SendMessageBatch")).toBe(0);
    expect(adapter.classify(error, "send")).toMatchObject({ code: "CANCELLED", ambiguous: false });
  });

  test("calls a send ambiguous that was aborted on its way", async () => {
    const controller = new AbortController();
    server.script((call) => {
      if (call.operation !== "SendMessageBatch") return undefined;
      controller.abort();
      return "hang";
    });
    const error = await rejection(
      adapter.openProducer(standard(adapter)).sendBatch([outgoing("1")], controller.signal),
    );
    expect(adapter.classify(error, "send")).toMatchObject({ code: "CANCELLED", ambiguous: true });
  });

  test("splits more than ten messages and keeps the results in line when one request fails", async () => {
    answer("SendMessageBatch", (nth) => (nth === 2 ? refusal("RequestThrottled", 403) : undefined));
    const messages = Array.from({ length: 23 }, (_, index) => outgoing(String(index)));
    const codes = codesOf(await adapter.openProducer(standard(adapter)).sendBatch(messages, never));
    expect(server.inputs("SendMessageBatch").map((input) => (input["Entries"] as unknown[]).length)).toEqual([
      10, 10, 3,
    ]);
    expect(codes).toEqual([...Array(10).fill("ok"), ...Array(10).fill("THROTTLED"), ...Array(3).fill("ok")]);
  });

  test("gives a FIFO message without key a group of its own, and the token as deduplication id", async () => {
    const producer = adapter.openProducer(fifo(adapter));
    await producer.sendBatch([outgoing("1"), outgoing("2", { orderingKey: "k" })], never);
    expect(server.inputs("SendMessageBatch")[0]?.["Entries"]).toMatchObject([
      { MessageGroupId: "d-1", MessageDeduplicationId: "d-1" },
      { MessageGroupId: "k", MessageDeduplicationId: "d-2" },
    ]);
  });

  test("rounds a delay up to whole seconds on a standard queue and sends none on a FIFO queue", async () => {
    const later = { deliverAtMs: Date.now() + 1_500 };
    await adapter.openProducer(standard(adapter)).sendBatch([outgoing("1", later)], never);
    await adapter.openProducer(fifo(adapter)).sendBatch([outgoing("1", later)], never);
    await adapter
      .openProducer(standard(adapter))
      .sendBatch([outgoing("1", { deliverAtMs: Date.now() - 5 })], never);
    const delays = server
      .inputs("SendMessageBatch")
      .map((input) => (input["Entries"] as { DelaySeconds?: number }[])[0]?.DelaySeconds);
    expect(delays).toEqual([2, undefined, undefined]);
  });
});

describe("timeouts", () => {
  const quick = {
    requestHandler: {
      connectionTimeout: 300,
      requestTimeout: 300,
      throwOnRequestTimeout: true,
      socketTimeout: 300,
    },
  };

  test.each(["hang", "stall"] as const)("end a request whose server is half open (%s)", async (reply) => {
    const impatient = openAdapter(server.endpoint, { options: { clientOptions: quick } });
    answer("SendMessageBatch", () => reply);
    const error = await rejection(
      impatient.openProducer(standard(impatient)).sendBatch([outgoing("1")], never),
    );
    expect(impatient.classify(error, "send")).toMatchObject({
      code: "TIMEOUT",
      ambiguous: true,
      retryable: true,
    });
    await impatient.close();
  });

  test("refuse a connection that nobody accepts, as not applied", async () => {
    const dead = await ScriptedServer.start();
    const alone = openAdapter(dead.endpoint);
    await dead.close();
    const error = await rejection(alone.openProducer(standard(alone)).open?.(never));
    expect(alone.classify(error, "open")).toMatchObject({ code: "CONNECTION_LOST", ambiguous: false });
    await alone.close();
  });
});

describe("finding a queue", () => {
  test("looks a name up once for producers and consumers together", async () => {
    const target = standard(adapter);
    const producer = adapter.openProducer(target);
    await Promise.all([
      producer.open?.(never),
      adapter.openConsumer(target, consumerOptions()).open?.(never),
    ]);
    await producer.sendBatch([outgoing("1")], never);
    expect(server.count("GetQueueUrl")).toBe(1);
  });

  test("looks again after a failed look-up", async () => {
    answer("GetQueueUrl", (nth) =>
      nth === 1 ? refusal("QueueDoesNotExist", 400, "AWS.SimpleQueueService.NonExistentQueue") : undefined,
    );
    const producer = adapter.openProducer(standard(adapter));
    const error = await rejection(producer.open?.(never));
    expect(adapter.classify(error, "open").code).toBe("NOT_FOUND");
    await producer.open?.(never);
    expect(server.count("GetQueueUrl")).toBe(2);
  });

  test("keeps to the endpoint although the queue's URL names another host", async () => {
    server.script((call) =>
      call.operation === "GetQueueUrl"
        ? { body: { QueueUrl: "http://localstack.invalid:4566/000000000000/orders" } }
        : undefined,
    );
    const results = await adapter.openProducer(standard(adapter)).sendBatch([outgoing("1")], never);
    expect(codesOf(results)).toEqual(["ok"]);
    expect(server.inputs("SendMessageBatch")[0]?.["QueueUrl"]).toBe(
      "http://localstack.invalid:4566/000000000000/orders",
    );
  });

  test("keeps to AWS_ENDPOINT_URL_SQS although the queue's URL names AWS", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL_SQS", server.endpoint);
    const plain = openAdapter(undefined);
    const target = exact(plain, "https://sqs.eu-west-1.amazonaws.com/123456789012/orders");
    const results = await plain.openProducer(target).sendBatch([outgoing("1")], never);
    expect(results[0]?.ok).toBe(true);
    expect(server.count("GetQueueUrl")).toBe(0);
    await plain.close();
  });

  test("goes to the server of a queue URL that is not AWS's, if no endpoint was configured", async () => {
    const plain = openAdapter(undefined);
    const results = await plain
      .openProducer(exact(plain, `${server.endpoint}/000000000000/orders`))
      .sendBatch([outgoing("1")], never);
    expect(results[0]?.ok).toBe(true);
    await plain.close();
  });

  test("refuses a queue of another region instead of not finding it", () => {
    const plain = openAdapter(undefined);
    for (const entity of [
      "arn:aws:sqs:us-east-1:123456789012:orders",
      "https://sqs.us-east-1.amazonaws.com/123456789012/orders",
    ]) {
      expect(() => exact(plain, entity)).toThrow(/is in us-east-1, the connection is to eu-west-1/);
    }
  });

  test("asks for the owner's queue where the ARN or the URL parameter names an account", async () => {
    await adapter.openProducer(exact(adapter, "arn:aws:sqs:eu-west-1:123456789012:orders")).open?.(never);
    const shared = openAdapter(server.endpoint, { parameters: { account: "999999999999" } });
    await shared.openProducer(standard(shared)).open?.(never);
    expect(server.inputs("GetQueueUrl").map((input) => input["QueueOwnerAWSAccountId"])).toEqual([
      "123456789012",
      "999999999999",
    ]);
    await shared.close();
  });

  test("notices a missing queue behind a configured URL, and does not need the right to read attributes", async () => {
    const target = exact(adapter, `${server.endpoint}/000000000000/orders`);
    answer("GetQueueAttributes", () => refusal("QueueDoesNotExist"));
    const error = await rejection(adapter.openConsumer(target, consumerOptions()).open?.(never));
    expect(adapter.classify(error, "open").code).toBe("NOT_FOUND");
    answer("GetQueueAttributes", () => refusal("AccessDenied", 403));
    await adapter.openConsumer(target, consumerOptions()).open?.(never);
  });

  test("says that credentials are missing", async () => {
    const broke = openAdapter(server.endpoint, {
      options: {
        credentials: async () => {
          throw Object.assign(new Error("Could not load credentials from any providers"), {
            name: "CredentialsProviderError",
          });
        },
      },
    });
    const error = await rejection(broke.openProducer(standard(broke)).open?.(never));
    expect(broke.classify(error, "open")).toMatchObject({ code: "UNAUTHENTICATED", retryable: false });
    expect(server.calls).toHaveLength(0);
    await broke.close();
  });
});

describe("probing", () => {
  test("learns lease, redrive policy, retention and the queue's own size limit", async () => {
    answer("GetQueueAttributes", () => ({
      body: {
        Attributes: {
          VisibilityTimeout: "45",
          MessageRetentionPeriod: "345600",
          MaximumMessageSize: "262144",
          RedrivePolicy:
            '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:parking","maxReceiveCount":"4"}',
        },
      },
    }));
    expect(await adapter.probe?.(standard(adapter), never)).toEqual({
      limits: { maxMessageBytes: 262_144 },
      facts: {
        leaseMs: 45_000,
        retentionMs: 345_600_000,
        maxDeliveries: 4,
        deadLetterEntity: "parking",
        unknown: [],
      },
    });
    const foreign = await adapter.probe?.(exact(adapter, "arn:aws:sqs:eu-west-1:123456789012:orders"), never);
    expect(foreign?.facts.deadLetterEntity).toBe("arn:aws:sqs:eu-west-1:123456789012:parking");
  });

  test("says what it could not read when the right is missing", async () => {
    answer("GetQueueAttributes", () => refusal("AccessDenied", 403));
    const facts = await factsOf(adapter, standard(adapter));
    expect(facts.unknown).toEqual([expect.stringContaining("sqs:GetQueueAttributes")]);
  });

  test("says that it does not understand a redrive policy", async () => {
    answer("GetQueueAttributes", () => ({ body: { Attributes: { RedrivePolicy: "?" } } }));
    const facts = await factsOf(adapter, standard(adapter));
    expect(facts.unknown).toHaveLength(1);
  });
});
