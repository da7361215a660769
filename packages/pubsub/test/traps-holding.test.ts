import { createClient, defineQueue } from "@anyqueue/core";
import type { QueueAdapter } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import type { Message, PubSub } from "@google-cloud/pubsub";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { pubsub } from "../src/index.ts";
import { consumerOptions, never, openAdapter, queue } from "./open-adapter.ts";
import { rawClient } from "./raw-sdk.ts";
import { ScriptedServer, stored, until } from "./scripted-server.ts";

// Each test first shows a trap with Google's own client, then that the adapter does not fall into it.

const MEBIBYTE = 1_048_576;
const MINUTE_MS = 60_000;

let server: ScriptedServer;
let raw: PubSub;
let adapter: QueueAdapter;

beforeEach(async () => {
  server = await ScriptedServer.start();
  raw = rawClient(server.endpoint);
  adapter = openAdapter(server.endpoint);
});

afterEach(async () => {
  await Promise.all([raw.close(), adapter.close()]);
  server.close();
});

function renewals(ackId: string): number {
  return server
    .requests("ModifyAckDeadline")
    .filter(({ ackIds, ackDeadlineSeconds }) => String(ackIds).includes(ackId) && ackDeadlineSeconds !== 0)
    .length;
}

describe("a handler that takes more than an hour", () => {
  test("trap: its message is no longer held by the SDK, which tells nobody and hands out the next in its place", async () => {
    // The SDK's timer fires at a random moment within nine seconds; this makes it fire soon.
    vi.spyOn(Math, "random").mockReturnValue(0.002);
    const subscription = raw.subscription("orders", {
      flowControl: { maxMessages: 1, allowExcessMessages: false },
      streamingOptions: { maxStreams: 1 },
    });
    const working: string[] = [];
    const told: unknown[] = [];
    const tell = (what?: unknown): void => void told.push(what);
    subscription.on("error", tell);
    subscription.on("close", tell);
    subscription.on("debug", tell);
    subscription.on("message", ({ id }: Message) => working.push(id));
    await until(() => server.streams.length > 0);
    server.stream(0).send({ receivedMessages: [stored("1", "a"), stored("2", "b")] });
    await until(() => renewals("ack-1") > 2);
    expect(working).toEqual(["1"]);

    const nowMs = Date.now();
    vi.spyOn(Date, "now").mockImplementation(() => nowMs + 61 * MINUTE_MS);
    await until(() => working.length === 2);
    vi.restoreAllMocks();
    expect([working, told]).toEqual([["1", "2"], []]);
    expect(server.count("Acknowledge")).toBe(0);
    await subscription.close();
  });

  /** A client with one handler, which works on the first of two messages; it has a clock of its own. */
  async function handling(consumer: { readonly handlerTimeout?: "3h" }) {
    const clock = createVirtualClock();
    const late: unknown[] = [];
    const client = createClient(`pubsub://p?endpoint=${server.endpoint}`, [pubsub()], {
      clock,
      listener: { "late-result": (event) => void late.push(event) },
    });
    const orders = defineQueue("orders", { retry: { attempts: "unlimited" }, deadLetter: "none" });
    const steps: string[] = [];
    const end = Promise.withResolvers<void>();
    const run = client
      .consumer(orders, { concurrency: 1, prefetch: 0, ...consumer })
      .run(async (message, { signal }) => {
        steps.push(`${message.providerId} begins`);
        signal.addEventListener("abort", () => steps.push(`${message.providerId} is told`));
        await end.promise;
      });
    await until(() => server.streams.length > 0);
    server.stream(0).send({ receivedMessages: [stored("1", "{}"), stored("2", "{}")] });
    await until(() => steps.length === 1);
    const pass = async (ms: number): Promise<void> => {
      for (let passedMs = 0; passedMs < ms; passedMs += 10_000) {
        await clock.advance(10_000);
        // All that the clock started is answered before this request.
        await raw.subscription("orders").getMetadata();
      }
    };
    const close = async (): Promise<void> => {
      end.resolve();
      await client.close();
      await run;
    };
    return { steps, late, pass, close };
  }

  test("keeps its message here if it says how long it may take", async () => {
    const { steps, late, pass, close } = await handling({ handlerTimeout: "3h" });
    await pass(61 * MINUTE_MS);
    const before = renewals("ack-1");
    await pass(2 * MINUTE_MS);
    expect(renewals("ack-1")).toBeGreaterThan(before);
    expect(steps).toEqual(["1 begins"]);
    await close();
    expect(server.requests("Acknowledge").flatMap(({ ackIds }) => ackIds)).toContain("ack-1");
    expect(late).toEqual([]);
  });

  test("is told here after an hour otherwise, by its signal, before another takes its place", async () => {
    const { steps, late, pass, close } = await handling({});
    await pass(59 * MINUTE_MS);
    expect(steps).toEqual(["1 begins"]);
    await pass(2 * MINUTE_MS);
    // The lease ends by itself, so that the service can deliver the message to another consumer.
    const before = renewals("ack-1");
    await pass(2 * MINUTE_MS);
    expect(renewals("ack-1")).toBe(before);
    expect(steps.slice(0, 3)).toEqual(["1 begins", "1 is told", "2 begins"]);
    await close();
    expect(late).toHaveLength(1);
    expect(server.requests("Acknowledge").flatMap(({ ackIds }) => ackIds)).not.toContain("ack-1");
  });
});

describe("the bytes of what is outstanding", () => {
  const bytesOfStreams = (): readonly number[] =>
    server.streams.map(({ opening }) => Number(opening["maxOutstandingBytes"]));

  test("trap: each of the SDK's five streams may bring all of them, and what it brings is handed out", async () => {
    const maxBytes = MEBIBYTE;
    const subscription = raw.subscription("orders", { flowControl: { maxBytes } });
    let heldBytes = 0;
    subscription.on("message", ({ length }: Message) => {
      heldBytes += length;
    });
    await until(() => server.streams.length === 5);
    expect(bytesOfStreams()).toEqual(Array.from({ length: 5 }, () => maxBytes));
    // Two of them exceed the limit. The SDK then stops reading, and the rest stays in its connection.
    const body = "x".repeat(0.9 * MEBIBYTE);
    for (const [index, stream] of server.streams.entries()) {
      stream.send({ receivedMessages: [stored(`${index}`, body)] });
    }
    await until(() => heldBytes > maxBytes);
    await subscription.close();
  });

  test("are those of all streams together here, and on each there is room for the largest message", async () => {
    const consumer = adapter.openConsumer(queue(adapter), consumerOptions());
    await consumer.open?.(never);
    for (const [index, maxOutstanding] of [25, 60, 150].entries()) {
      await consumer.setFlow?.({ maxOutstanding, lanes: maxOutstanding }, never);
      await until(() => server.streams.length === index + 2);
    }
    const bytes = bytesOfStreams();
    expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(100 * MEBIBYTE);
    expect(Math.min(...bytes)).toBeGreaterThan(10_000_000);
    await consumer.close();
  });
});
