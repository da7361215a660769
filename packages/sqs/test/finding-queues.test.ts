import { describe, expect, test, vi } from "vitest";
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
import { ScriptedSqs } from "./scripted-sqs.ts";
import { refusal } from "./scripted-server.ts";

const bench = new ScriptedSqs();

describe("finding a queue", () => {
  test("looks a name up once for producers and consumers together", async () => {
    const target = standard(bench.adapter);
    const producer = bench.adapter.openProducer(target);
    await Promise.all([
      producer.open?.(never),
      bench.adapter.openConsumer(target, consumerOptions()).open?.(never),
    ]);
    await producer.sendBatch([outgoing("1")], never);
    expect(bench.server.count("GetQueueUrl")).toBe(1);
  });

  test("looks again after a failed look-up", async () => {
    bench.server.answer("GetQueueUrl", (nth) =>
      nth === 1 ? refusal("QueueDoesNotExist", 400, "AWS.SimpleQueueService.NonExistentQueue") : undefined,
    );
    const producer = bench.adapter.openProducer(standard(bench.adapter));
    const error = await rejection(producer.open?.(never));
    expect(bench.adapter.classify(error, "open").code).toBe("NOT_FOUND");
    await producer.open?.(never);
    const names = bench.server.inputs("GetQueueUrl").map((input) => input["QueueName"]);
    expect(names.filter((name) => name === "orders")).toHaveLength(2);
  });

  const missing = refusal("QueueDoesNotExist", 400, "AWS.SimpleQueueService.NonExistentQueue");

  test.each([
    [standard, "orders", "orders.fifo", 'FIFO queue "orders.fifo" exists'],
    [fifo, "orders.fifo", "orders", 'standard queue "orders" exists'],
  ])("names the other kind of queue if that exists (%#)", async (kind, missed, existing, text) => {
    bench.server.answer("GetQueueUrl", (_, { input }) =>
      input["QueueName"] === existing ? undefined : missing,
    );
    const target = kind(bench.adapter);
    const found = bench.adapter.classify(
      await rejection(bench.adapter.openProducer(target).open?.(never)),
      "open",
    );
    expect(found).toMatchObject({ code: "NOT_FOUND", remedy: expect.stringContaining(text) });
    expect(bench.server.inputs("GetQueueUrl").map((input) => input["QueueName"])).toEqual([missed, existing]);
  });

  test.each([
    ["neither queue exists", missing],
    ["the other may not be looked up", refusal("AccessDenied", 403)],
  ])("gives the plain answer where %s", async (_, otherwise) => {
    bench.server.answer("GetQueueUrl", (nth) => (nth === 1 ? missing : otherwise));
    const error = await rejection(bench.adapter.openProducer(standard(bench.adapter)).open?.(never));
    expect(bench.adapter.classify(error, "open")).toMatchObject({ code: "NOT_FOUND" });
    expect(bench.adapter.classify(error, "open")).not.toHaveProperty("remedy");
  });

  test("keeps to the endpoint although the queue's URL names another host", async () => {
    bench.server.script((call) =>
      call.operation === "GetQueueUrl"
        ? { body: { QueueUrl: "http://localstack.invalid:4566/000000000000/orders" } }
        : undefined,
    );
    const results = await bench.adapter
      .openProducer(standard(bench.adapter))
      .sendBatch([outgoing("1")], never);
    expect(results[0]?.ok).toBe(true);
    expect(bench.server.inputs("SendMessageBatch")[0]?.["QueueUrl"]).toBe(
      "http://localstack.invalid:4566/000000000000/orders",
    );
  });

  test("keeps to AWS_ENDPOINT_URL_SQS although the queue's URL names AWS", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL_SQS", bench.server.endpoint);
    const plain = openAdapter(undefined);
    const target = exact(plain, "https://sqs.eu-west-1.amazonaws.com/123456789012/orders");
    const results = await plain.openProducer(target).sendBatch([outgoing("1")], never);
    expect(results[0]?.ok).toBe(true);
    expect(bench.server.count("GetQueueUrl")).toBe(0);
    await plain.close();
  });

  test.each(["AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL"])(
    "refuses plain http to another machine in %s, as in a queue's URL",
    async (variable) => {
      vi.stubEnv(variable, "http://queues.invalid:4566");
      const plain = openAdapter(undefined);
      const error = await rejection(plain.openProducer(standard(plain)).sendBatch([outgoing("1")], never));
      expect(plain.classify(error, "send")).toMatchObject({ code: "INVALID_ARGUMENT", ambiguous: false });
      expect(error).toMatchObject({
        message: expect.stringMatching(/"http:\/\/queues\.invalid:4566".*AWS_ENDPOINT_URL.*plaintext=allow/),
      });
      await plain.close();
    },
  );

  test("speaks plain http to another machine of the environment's if the connection's URL allows it", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL_SQS", "http://queues.invalid:4566");
    const plain = openAdapter(undefined, { parameters: { plaintext: "allow" } });
    const error = await rejection(plain.openProducer(standard(plain)).sendBatch([outgoing("1")], never));
    // The host has no address: that it was asked for is enough.
    expect(plain.classify(error, "send")).toMatchObject({ code: "CONNECTION_LOST" });
    await plain.close();
  });

  test("goes to the server of a queue URL that is not AWS's, if no endpoint was configured", async () => {
    const plain = openAdapter(undefined);
    const results = await plain
      .openProducer(exact(plain, `${bench.server.endpoint}/000000000000/orders`))
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
    await bench.adapter
      .openProducer(exact(bench.adapter, "arn:aws:sqs:eu-west-1:123456789012:orders"))
      .open?.(never);
    const shared = openAdapter(bench.server.endpoint, { parameters: { account: "999999999999" } });
    await shared.openProducer(standard(shared)).open?.(never);
    expect(bench.server.inputs("GetQueueUrl").map((input) => input["QueueOwnerAWSAccountId"])).toEqual([
      "123456789012",
      "999999999999",
    ]);
    await shared.close();
  });

  test("notices a missing queue behind a configured URL, and does not need the right to read attributes", async () => {
    const target = exact(bench.adapter, `${bench.server.endpoint}/000000000000/orders`);
    bench.server.answer("GetQueueAttributes", () => refusal("QueueDoesNotExist"));
    const error = await rejection(bench.adapter.openConsumer(target, consumerOptions()).open?.(never));
    expect(bench.adapter.classify(error, "open").code).toBe("NOT_FOUND");
    bench.server.answer("GetQueueAttributes", () => refusal("AccessDenied", 403));
    await bench.adapter.openConsumer(target, consumerOptions()).open?.(never);
  });

  test("says that nobody listens, and that nothing was sent", async () => {
    // Port 9 of this machine refuses every connection.
    const nobody = openAdapter("http://127.0.0.1:9");
    const error = await rejection(nobody.openProducer(standard(nobody)).open?.(never));
    expect(nobody.classify(error, "open")).toMatchObject({ code: "CONNECTION_LOST", retryable: true });
    expect(nobody.classify(error, "send").ambiguous).not.toBe(true);
    await nobody.close();
  });

  test("says that credentials are missing", async () => {
    const broke = openAdapter(bench.server.endpoint, {
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
    expect(bench.server.calls).toHaveLength(0);
    await broke.close();
  });
});

describe("probing", () => {
  test("learns lease, redrive policy, retention and the queue's own size limit", async () => {
    bench.server.answer("GetQueueAttributes", () => ({
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
    expect(await bench.adapter.probe?.(standard(bench.adapter), never)).toEqual({
      limits: { maxMessageBytes: 262_144 },
      facts: {
        leaseMs: 45_000,
        retentionMs: 345_600_000,
        maxDeliveries: 4,
        deadLetterEntity: "parking",
        unknown: [],
      },
    });
    const foreign = await bench.adapter.probe?.(
      exact(bench.adapter, "arn:aws:sqs:eu-west-1:123456789012:orders"),
      never,
    );
    expect(foreign?.facts.deadLetterEntity).toBe("arn:aws:sqs:eu-west-1:123456789012:parking");
  });

  test("finds the dead letters on the server that the queue's own URL names", async () => {
    const policy = '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:parking","maxReceiveCount":4}';
    bench.server.answer("GetQueueAttributes", () => ({ body: { Attributes: { RedrivePolicy: policy } } }));
    const plain = openAdapter(undefined);
    const { deadLetterEntity } = await factsOf(
      plain,
      exact(plain, `${bench.server.endpoint}/000000000000/orders`),
    );
    expect(deadLetterEntity).toBe(`${bench.server.endpoint}/000000000000/parking`);
    await plain.close();
  });

  test("says what it could not read when the right is missing", async () => {
    bench.server.answer("GetQueueAttributes", () => refusal("AccessDenied", 403));
    const facts = await factsOf(bench.adapter, standard(bench.adapter));
    expect(facts.unknown).toEqual([expect.stringContaining("sqs:GetQueueAttributes")]);
  });

  test("says that it does not understand a redrive policy", async () => {
    bench.server.answer("GetQueueAttributes", () => ({ body: { Attributes: { RedrivePolicy: "?" } } }));
    const facts = await factsOf(bench.adapter, standard(bench.adapter));
    expect(facts.unknown).toHaveLength(1);
  });
});
