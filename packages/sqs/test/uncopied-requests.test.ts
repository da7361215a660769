import { describe, expect, test, vi } from "vitest";
import type { ClientSettings } from "../src/sqs-client.ts";
import { call, connect, QueueUrl, serveEachTest, server, taught } from "./copying-clients.ts";
import { ANY_CREDENTIALS, rejection } from "./open-adapter.ts";
import { refusal } from "./scripted-server.ts";

serveEachTest();

const ANY_OPTIONS = { timeoutMs: 5_000 };

interface BuiltRequest {
  readonly headers: object;
  readonly body: unknown;
}

/** Makes four calls with a client that changes each request before it is signed. @returns how many the SDK made */
async function fourCalls(change: (request: BuiltRequest) => Partial<BuiltRequest>): Promise<number> {
  const { client, made } = connect();
  client.sdkClient.middlewareStack.add(
    (next) => async (args) => {
      Object.assign(args.request as object, change(args.request as BuiltRequest));
      return await next(args);
    },
    { step: "build", priority: "high" },
  );
  for (let count = 0; count < 4; count += 1) {
    // oxlint-disable-next-line no-await-in-loop
    await call(client, "SendMessageBatch");
  }
  return made();
}

describe("the SDK makes the request itself", () => {
  test("for every other operation", async () => {
    const { client, made } = connect();
    for (let count = 0; count < 4; count += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await client.send("GetQueueUrlCommand", { QueueName: "orders" }, ANY_OPTIONS);
    }
    expect(made()).toBe(4);
  });

  test("for another queue", async () => {
    const { client, made } = await taught("DeleteMessageBatch");
    const Entries = [{ Id: "0", ReceiptHandle: "h" }];
    const input = { QueueUrl: `${QueueUrl}-2`, Entries };
    await client.send("DeleteMessageBatchCommand", input, ANY_OPTIONS);
    expect(made()).toBe(3);
  });

  test("once its last one is a minute old", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const { client, made } = await taught("SendMessageBatch");
    vi.advanceTimersByTime(59_000);
    await call(client, "SendMessageBatch");
    expect(made()).toBe(2);
    vi.advanceTimersByTime(2_000);
    await call(client, "SendMessageBatch");
    expect(made()).toBe(3);
    await call(client, "SendMessageBatch");
    expect(made()).toBe(3);
  });

  test("with new credentials", async () => {
    let accessKeyId = "first";
    const credentials = async (): Promise<typeof ANY_CREDENTIALS & { expiration: Date }> => ({
      accessKeyId,
      secretAccessKey: "secret",
      expiration: new Date(Date.now() + 1_000),
    });
    const { client, made } = await taught("SendMessageBatch", { credentials });
    await call(client, "SendMessageBatch");
    accessKeyId = "second";
    await call(client, "SendMessageBatch");
    await call(client, "SendMessageBatch");
    expect(made()).toBe(4);
    await call(client, "SendMessageBatch");
    expect(made()).toBe(4);
    const keys = server.calls.map(
      ({ headers }) => /Credential=(\w+)/.exec(headers["authorization"] as string)?.[1],
    );
    expect(keys).toEqual(["first", "first", "first", "second", "second", "second"]);
  });

  test("where a header changes from request to request that is not known to", async () => {
    let nth = 0;
    const made = await fourCalls(({ headers }) => ({ headers: { ...headers, "x-new": `${(nth += 1)}` } }));
    expect(made).toBe(4);
    expect(server.calls.map(({ headers }) => headers["x-new"])).toEqual(["1", "2", "3", "4"]);
  });

  // A copy writes the input itself, and would lose what the SDK makes of it.
  test("where it writes more than its input into a body", async () => {
    const made = await fourCalls(({ body }) => ({
      body: Buffer.from(body as string)
        .toString()
        .replace(/}$/, ',"More":1}'),
    }));
    expect(made).toBe(4);
    expect(server.inputs("SendMessageBatch").map(({ More }) => More)).toEqual([1, 1, 1, 1]);
  });

  test("after requests that were refused: they teach nothing", async () => {
    server.answer("SendMessageBatch", (nth) => (nth <= 2 ? refusal("RequestThrottled", 400) : undefined));
    const { client, made } = connect();
    await rejection(call(client, "SendMessageBatch"));
    await rejection(call(client, "SendMessageBatch"));
    await call(client, "SendMessageBatch");
    await call(client, "SendMessageBatch");
    expect(made()).toBe(4);
  });

  test.each([
    [400, "once more", 4],
    [403, "once more", 4],
    [500, "only to read the answer", 3],
  ])("after a copy was answered with %i: %s", async (status, _, expected) => {
    const { client, made } = await taught("SendMessageBatch");
    server.answer("SendMessageBatch", (nth) => (nth === 3 ? refusal("Any", status) : undefined));
    await rejection(call(client, "SendMessageBatch"));
    await call(client, "SendMessageBatch");
    expect(made()).toBe(expected);
  });

  test.each([
    [
      "an application's logger",
      { clientOptions: { logger: { debug() {}, info() {}, warn() {}, error() {} } } },
    ],
    ["an application's signing", { clientOptions: { signingEscapePath: false } }],
  ])("with %s", async (_, settings: ClientSettings) => {
    const { client, made } = await taught("SendMessageBatch", settings);
    await call(client, "SendMessageBatch");
    expect(made()).toBe(3);
  });

  test("in a function, where each carries the trace of its invocation", async () => {
    vi.stubEnv("AWS_LAMBDA_FUNCTION_NAME", "fn");
    vi.stubEnv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793");
    const { client, made } = await taught("SendMessageBatch");
    await call(client, "SendMessageBatch");
    expect(made()).toBe(3);
  });

  test.each([
    ["fails", async () => await Promise.reject(new Error("gone for a moment"))],
    ["hangs", async () => await new Promise<never>(() => {})],
  ])("where the source of credentials %s after a request, which still succeeded", async (_, trouble) => {
    let calls = 0;
    const credentials = async (): Promise<typeof ANY_CREDENTIALS & { expiration: Date }> => {
      calls += 1;
      if (server.calls.length === 1) await trouble();
      return { ...ANY_CREDENTIALS, expiration: new Date(Date.now() + 1_000) };
    };
    const { client } = connect({ credentials });
    expect(await call(client, "SendMessageBatch")).toMatchObject({ Successful: [{}, {}, {}] });
    expect(calls).toBeGreaterThan(1);
  });
});
