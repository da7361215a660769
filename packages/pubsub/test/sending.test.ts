import type { ProducerDriver, QueueAdapter } from "@anyqueue/core/adapter";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { PublishRequest } from "../src/publish-codec.ts";
import { MAJORS, useMajor } from "./majors.ts";
import { never, openAdapter, outgoing, queue, rejection } from "./open-adapter.ts";
import { GrpcError, ScriptedServer } from "./scripted-server.ts";

let server: ScriptedServer;
let adapter: QueueAdapter;
let producer: ProducerDriver;

beforeEach(async () => {
  server = await ScriptedServer.start();
  adapter = openAdapter(server.endpoint);
  producer = adapter.openProducer(queue(adapter));
});

afterEach(async () => {
  await adapter.close();
  server.close();
});

describe.each(MAJORS)("sending with release %i", (major) => {
  useMajor(major);

  test("makes one request of a batch and gives each message its own id", async () => {
    const results = await producer.sendBatch([outgoing("a"), outgoing("b"), outgoing("c")], never);
    expect(results).toEqual([
      { ok: true, value: { providerId: "m-0" } },
      { ok: true, value: { providerId: "m-1" } },
      { ok: true, value: { providerId: "m-2" } },
    ]);
    expect(server.requests("Publish")).toEqual([
      { topic: "projects/p/topics/orders", messages: expect.objectContaining({ length: 3 }) },
    ]);
  });

  test("encodes the request itself: nothing is made in the SDK's form", async () => {
    const encoded = vi.spyOn(PublishRequest.prototype, "encode");
    const inSdkForm = vi.spyOn(PublishRequest.prototype, "messages", "get");
    await producer.sendBatch([outgoing("a")], never);
    expect([encoded.mock.calls.length, inSdkForm.mock.calls.length]).toEqual([1, 0]);
  });

  test("sends body, attributes and key as any Pub/Sub consumer reads them", async () => {
    const message = outgoing("a", {
      body: new Uint8Array([0, 255, 128]),
      attributes: { colour: "red", empty: "" },
      orderingKey: "customer-7",
      correlationId: "c-1",
      replyTo: "answers",
    });
    await producer.sendBatch([message], never);
    const [request] = server.requests("Publish");
    expect(request?.["messages"]).toEqual([
      expect.objectContaining({
        data: Buffer.from([0, 255, 128]),
        orderingKey: "customer-7",
        attributes: {
          colour: "red",
          empty: "",
          "aq-id": "a",
          "content-type": "text/plain",
          "aq-correlation-id": "c-1",
          "aq-reply-to": "answers",
        },
      }),
    ]);
  });

  test("never mixes ordering keys in a request, and keeps their order", async () => {
    const keyed = (id: string, orderingKey: string): ReturnType<typeof outgoing> =>
      outgoing(id, { orderingKey });
    await producer.sendBatch([keyed("a", "x"), keyed("b", "x"), keyed("c", "y")], never);
    const keys = server
      .requests("Publish")
      .map(({ messages }) => (Array.isArray(messages) ? messages.map(({ orderingKey }) => orderingKey) : []));
    expect(keys).toEqual([["x", "x"], ["y"]]);
  });

  test("makes a request of every call: the client gathers nothing, least of all of different keys", async () => {
    await Promise.all(
      ["x", "y"].map((orderingKey) => producer.sendBatch([outgoing(orderingKey, { orderingKey })], never)),
    );
    expect(server.requests("Publish").map(({ messages }) => messages)).toEqual([
      [expect.objectContaining({ orderingKey: "x" })],
      [expect.objectContaining({ orderingKey: "y" })],
    ]);
  });

  test.each([[[]], [["m-0"]], [["m-0", "m-1", "m-2"]], [["m-0", ""]]])(
    "takes an answer with the ids %j to two messages for no confirmation",
    async (messageIds) => {
      server.answer("Publish", () => ({ messageIds }));
      const error = await rejection(producer.sendBatch([outgoing("a"), outgoing("b")], never));
      expect(adapter.classify(error, "send")).toMatchObject({ code: "UNAVAILABLE", ambiguous: true });
    },
  );

  test.each([
    [status.NOT_FOUND, "NOT_FOUND", false, false],
    [status.PERMISSION_DENIED, "ACCESS_DENIED", false, false],
    [status.RESOURCE_EXHAUSTED, "THROTTLED", true, false],
    [status.UNAVAILABLE, "UNAVAILABLE", true, true],
    [status.INTERNAL, "UNAVAILABLE", true, true],
    [status.ABORTED, "UNAVAILABLE", true, true],
    [status.INVALID_ARGUMENT, "INVALID_ARGUMENT", false, false],
  ])("asks once and keeps the code %i of a failure", async (code, expected, retryable, ambiguous) => {
    server.answer("Publish", () => new GrpcError(code, "as scripted"));
    const error = await rejection(producer.sendBatch([outgoing("a")], never));
    expect(adapter.classify(error, "send")).toMatchObject({ code: expected, retryable, ambiguous });
    expect(server.count("Publish")).toBe(1);
  });

  test("says within its own budget that nobody listens, and that nothing was sent", async () => {
    server.close();
    const error = await rejection(producer.sendBatch([outgoing("a")], never));
    expect(adapter.classify(error, "send")).toMatchObject({
      code: "CONNECTION_LOST",
      retryable: true,
      ambiguous: false,
    });
  });

  test("opens without the right to look at the topic, and not without the topic", async () => {
    server.answer("ListTopicSubscriptions", (nth) =>
      nth === 1 ? new GrpcError(status.PERMISSION_DENIED, "no") : new GrpcError(status.NOT_FOUND, "gone"),
    );
    await producer.open?.(never);
    const error = await rejection(producer.open?.(never));
    expect(adapter.classify(error, "open").code).toBe("NOT_FOUND");
  });

  test("refuses use after close instead of calling the closed client", async () => {
    await producer.sendBatch([outgoing("a")], never);
    await adapter.close();
    expect(await rejection(producer.sendBatch([outgoing("b")], never))).toMatchObject({ code: "CLOSED" });
  });
});
