import { createRequire } from "node:module";
import { createClient, defineQueue, unchecked } from "@anyqueue/core";
import type { QueueAdapter } from "@anyqueue/core/adapter";
import type { PubSub } from "@google-cloud/pubsub";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pubsub } from "../src/index.ts";
import { never, openAdapter, outgoing, queue, rejection } from "./open-adapter.ts";
import { rawClient } from "./raw-sdk.ts";
import { GrpcError, ScriptedServer } from "./scripted-server.ts";

// Each test first shows a trap with Google's own client, then that the adapter does not fall into it.

const orders = defineQueue("orders", {
  schema: unchecked<{ id: string }>(),
  orderingKey: () => "k",
  needs: ["ordering"],
});

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

async function publishRaw(data: string, orderingKey: string): Promise<unknown> {
  const topic = raw.topic("orders", { messageOrdering: true });
  return await topic.publishMessage({ data: Buffer.from(data), orderingKey });
}

function texts(): readonly string[] {
  return server.requests("Publish").flatMap(({ messages }) => {
    const list: readonly unknown[] = Array.isArray(messages) ? messages : [];
    return list.map((message) => String(Object(message)["data"]));
  });
}

describe("a key whose publish failed", () => {
  test("trap: is open again in the SDK when nothing else waited, so that a later message overtakes", async () => {
    server.answer("Publish", (nth) =>
      nth === 1 ? new GrpcError(status.PERMISSION_DENIED, "no") : undefined,
    );
    await rejection(publishRaw("first", "k"));
    await publishRaw("second", "k");
    expect(texts()).toEqual(["first", "second"]);
  });

  test("stays shut here until it is resumed", async () => {
    const client = createClient(`pubsub://p?endpoint=${server.endpoint}`, [pubsub()]);
    const producer = client.producer(orders);
    server.answer("Publish", (nth) =>
      nth === 1 ? new GrpcError(status.PERMISSION_DENIED, "no") : undefined,
    );
    await rejection(producer.send({ id: "first" }));
    await rejection(producer.send({ id: "second" }));
    expect(server.count("Publish")).toBe(1);
    producer.resume("k");
    await producer.send({ id: "third" });
    expect(texts().at(-1)).toContain("third");
    await client.close();
  });
});

describe("the project's placeholder", () => {
  test("trap: is replaced by the SDK in attributes and keys", async () => {
    const topic = raw.topic("orders", { messageOrdering: true });
    const attributes = { template: "a {{projectId}} b" };
    await topic.publishMessage({ data: Buffer.from("x"), attributes, orderingKey: "{{projectId}}" });
    expect(server.requests("Publish")[0]?.["messages"]).toEqual([
      expect.objectContaining({
        attributes: expect.objectContaining({ template: "a p b" }),
        orderingKey: "p",
      }),
    ]);
  });

  test("is refused here, by name and before any request", async () => {
    const client = createClient(`pubsub://p?endpoint=${server.endpoint}`, [pubsub()]);
    const plain = client.producer(defineQueue<{ id: string }>("plain"));
    const error = await rejection(plain.send({ id: "1" }, { attributes: { template: "a {{projectId}} b" } }));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining("template") });
    const keyed = defineQueue("keyed", {
      schema: unchecked<{ id: string }>(),
      orderingKey: () => "x{{projectId}}",
      needs: ["ordering"],
    });
    expect(await rejection(client.producer(keyed).send({ id: "1" }))).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    expect(server.count("Publish")).toBe(0);
    await client.close();
  });

  test("is carried as it is by what publishes here", async () => {
    await adapter
      .openProducer(queue(adapter))
      .sendBatch([outgoing("1", { attributes: { template: "{{projectId}}" } })], never);
    expect(server.requests("Publish")[0]?.["messages"]).toEqual([
      expect.objectContaining({ attributes: expect.objectContaining({ template: "{{projectId}}" }) }),
    ]);
  });
});

describe("a server that is not there", () => {
  test("trap: leaves a publish of the SDK pending, for ten minutes", async () => {
    server.close();
    const published = rejection(raw.topic("orders").publishMessage({ data: Buffer.from("x") }));
    const result = await Promise.race([
      published,
      new Promise((resolve) => setTimeout(resolve, 600, "pending")),
    ]);
    expect(result).toBe("pending");
  });

  test("is reported here at once, as what it is", async () => {
    server.close();
    const error = await rejection(adapter.openProducer(queue(adapter)).sendBatch([outgoing("1")], never));
    expect(adapter.classify(error, "send")).toMatchObject({ code: "CONNECTION_LOST", ambiguous: false });
  });
});

describe("the code of a failure that the SDK retried", () => {
  test("trap: is DEADLINE_EXCEEDED, whatever the cause; here it is found in the text", async () => {
    // Once the connection is open, the time is enough for an answer.
    await raw.topic("orders").publishMessage({ data: Buffer.from("x") });
    server.answer("Publish", () => new GrpcError(status.RESOURCE_EXHAUSTED, "too fast"));
    const topic = raw.topic("orders", { gaxOpts: { timeout: 2_000 } });
    const error = await rejection(topic.publishMessage({ data: Buffer.from("x") }));
    expect(error).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    expect(adapter.classify(error, "send")).toMatchObject({
      code: "THROTTLED",
      providerCode: "RESOURCE_EXHAUSTED",
    });
  });

  test("survives here, because the SDK does not retry", async () => {
    server.answer("Publish", () => new GrpcError(status.RESOURCE_EXHAUSTED, "too fast"));
    const error = await rejection(adapter.openProducer(queue(adapter)).sendBatch([outgoing("1")], never));
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect(server.count("Publish")).toBe(1);
  });
});

test("trap: a single awaited publish of the SDK waits 10 ms for company; one here does not", async () => {
  const topic = raw.topic("orders");
  const producer = adapter.openProducer(queue(adapter));
  // Takes the shortest of many, so that a busy machine does not matter.
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const tookMs: number[] = [];
    for (let count = 0; count < 20; count += 1) {
      const startedAt = performance.now();
      await work();
      tookMs.push(performance.now() - startedAt);
    }
    return Math.min(...tookMs);
  };
  expect(await timed(async () => await topic.publishMessage({ data: Buffer.from("x") }))).toBeGreaterThan(9);
  expect(await timed(async () => await producer.sendBatch([outgoing("1")], never))).toBeLessThan(9);
});

describe("attributes of an application that traces", () => {
  /** The part of OpenTelemetry's interface that release 5 uses, in the copy that it loads itself. */
  interface Tracing {
    readonly trace: {
      wrapSpanContext(context: object): object;
      setGlobalTracerProvider(provider: object): boolean;
      disable(): void;
    };
  }

  test("trap: are written into by release 5 of the SDK", async () => {
    const ownRequire = createRequire(createRequire(import.meta.url).resolve("@google-cloud/pubsub-5"));
    const { trace } = ownRequire("@opentelemetry/api") as Tracing;
    const span = trace.wrapSpanContext({ traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 });
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan: () => span }) });
    const { PubSub: PubSub5 } = await import("@google-cloud/pubsub-5");
    const client = new PubSub5({
      projectId: "p",
      apiEndpoint: server.endpoint,
      emulatorMode: true,
      enableOpenTelemetryTracing: true,
    });
    const attributes = { tenant: "acme" };
    await client.topic("orders").publishMessage({ data: Buffer.from("x"), attributes });
    await client.close();
    trace.disable();
    expect(Object.keys(attributes)).toEqual(["tenant", "googclient_traceparent"]);
  });

  test("are left as they are here", async () => {
    const attributes = Object.freeze({ tenant: "acme" });
    const producer = adapter.openProducer(queue(adapter));
    expect(await producer.sendBatch([outgoing("1", { attributes })], never)).toMatchObject([{ ok: true }]);
  });
});
