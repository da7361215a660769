import type { QueueAdapter } from "@anyqueue/core/adapter";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { once } from "node:events";
import type { SQSClient } from "@aws-sdk/client-sqs";
import type { SqsClientOptions } from "../src/index.ts";
import { consumerOptions, exact, never, openAdapter, outgoing, rejection, standard } from "./open-adapter.ts";
import { ScriptedServer, until } from "./scripted-server.ts";

let server: ScriptedServer;
let adapter: QueueAdapter;

beforeEach(async () => {
  server = await ScriptedServer.start();
  adapter = openAdapter(server.endpoint);
  // Loads the SDK while time still runs.
  await adapter.openProducer(standard(adapter)).open?.(never);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(async () => {
  vi.useRealTimers();
  await adapter.close();
  await server.close();
});

// The trap: the SDK has no timeout by default, and with one it only warns unless it is told to throw.
describe("without any settings", () => {
  test.each([
    [
      "a send ends after 15 s",
      15_000,
      "SendMessageBatch",
      async () => await adapter.openProducer(standard(adapter)).sendBatch([outgoing("1")], never),
    ],
    [
      "a delete ends after 15 s",
      15_000,
      "DeleteMessageBatch",
      async () =>
        await adapter
          .openConsumer(standard(adapter), consumerOptions())
          .ackBatch([{ receiptHandle: "h", messageId: "m", receivedAtMs: 0 }], never),
    ],
    [
      "a long poll ends 10 s after its wait, not before",
      30_000,
      "ReceiveMessage",
      async () =>
        await adapter
          .openConsumer(standard(adapter), consumerOptions())
          .receiveBatch({ maxItems: 1, waitMs: 20_000 }, never),
    ],
  ])("%s", async (_, limitMs, operation, act) => {
    server.answer(operation, () => "hang");
    let error: unknown;
    const ended = rejection(act()).then((reason) => {
      error = reason;
    });
    await until(() => server.count(operation) === 1);
    await vi.advanceTimersByTimeAsync(limitMs - 1_000);
    expect(error).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1_500);
    await ended;
    expect(adapter.classify(error, "send")).toMatchObject({ code: "TIMEOUT", ambiguous: true });
    expect(server.count(operation)).toBe(1);
  });

  test("an answer that stops half-way is cut, a poll's later than its wait", async () => {
    server.script((call) => (call.operation === "GetQueueUrl" ? undefined : "stall"));
    const ended: string[] = [];
    const noting = (name: string, act: Promise<unknown>): Promise<void> =>
      rejection(act).then((reason) => {
        ended.push(`${name}: ${adapter.classify(reason, "send").code}`);
      });
    const sending = noting("send", adapter.openProducer(standard(adapter)).sendBatch([outgoing("1")], never));
    const consumer = adapter.openConsumer(standard(adapter), consumerOptions());
    const polling = noting("poll", consumer.receiveBatch({ maxItems: 1, waitMs: 20_000 }, never));
    await until(() => server.count("ReceiveMessage") + server.count("SendMessageBatch") === 2);
    await vi.advanceTimersByTimeAsync(14_000);
    expect(ended).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_000);
    await sending;
    expect(ended).toEqual(["send: TIMEOUT"]);
    await vi.advanceTimersByTimeAsync(15_000);
    await polling;
    expect(ended).toEqual(["send: TIMEOUT", "poll: TIMEOUT"]);
  });

  // The trap: the SDK takes an explicit `undefined` for a value, here for its own handler without a timeout.
  test("a setting of the SDK that is undefined is none", async () => {
    const clientOptions = { requestHandler: undefined, maxAttempts: undefined } as object as SqsClientOptions;
    const plain = openAdapter(server.endpoint, { options: { clientOptions } });
    const producer = plain.openProducer(standard(plain));
    await producer.open?.(never);
    server.answer("SendMessageBatch", () => "hang");
    const sending = rejection(producer.sendBatch([outgoing("1")], never));
    await until(() => server.count("SendMessageBatch") === 1);
    await vi.advanceTimersByTimeAsync(16_000);
    expect(plain.classify(await sending, "send")).toMatchObject({ code: "TIMEOUT", ambiguous: true });
    await plain.close();
  });

  test("a source of credentials that hangs does not hang a start with it", async () => {
    const credentials = async (): Promise<never> => await new Promise<never>(() => {});
    const plain = openAdapter(server.endpoint, { options: { credentials } });
    const opening = rejection(plain.openConsumer(standard(plain), consumerOptions()).open?.(never));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(plain.classify(await opening, "open")).toMatchObject({ code: "TIMEOUT", retryable: true });
    await plain.close();
  });

  test("what waits for credentials ends with the connection, and keeps no process alive after it", async () => {
    const timers = vi.getTimerCount();
    const asked = Promise.withResolvers<void>();
    const credentials = async (): Promise<never> => {
      asked.resolve();
      return await new Promise<never>(() => {});
    };
    const plain = openAdapter(server.endpoint, { options: { credentials } });
    const opening = rejection(plain.openConsumer(standard(plain), consumerOptions()).open?.(never));
    await asked.promise;
    await plain.close();
    expect(plain.classify(await opening, "open")).toMatchObject({ code: "CLOSED" });
    expect(vi.getTimerCount()).toBe(timers);
  });

  // The same trap in the application's own client.
  test("nor with a client of the application's own does a request last longer", async () => {
    let begun = 0;
    const client = {
      async send(_: unknown, { abortSignal }: { abortSignal: AbortSignal }) {
        begun += 1;
        await once(abortSignal, "abort");
        throw Object.assign(new Error("aborted"), { name: "AbortError" });
      },
    } as unknown as SQSClient;
    const own = openAdapter(undefined, { options: { client } });
    const producer = own.openProducer(exact(own, "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"));
    const [silent, aborted] = [never, new AbortController()];
    const sends = [silent, aborted.signal].map((signal) =>
      rejection(producer.sendBatch([outgoing("1")], signal)),
    );
    await until(() => begun === 2);
    aborted.abort();
    expect(own.classify(await sends[1], "send")).toMatchObject({ code: "CANCELLED", ambiguous: true });
    await vi.advanceTimersByTimeAsync(15_000);
    expect(own.classify(await sends[0], "send")).toMatchObject({ code: "TIMEOUT", ambiguous: true });
    expect(vi.getTimerCount()).toBe(0);
    await own.close();
  });
});
