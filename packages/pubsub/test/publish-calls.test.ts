import { systemClock } from "@anyqueue/core/adapter";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi, type MockInstance } from "vitest";
import { PublishCalls } from "../src/publish-calls.ts";
import { PublishRequest } from "../src/publish-codec.ts";
import { PubsubClients } from "../src/pubsub-client.ts";
import { classifyPubsubError } from "../src/pubsub-errors.ts";
import { REQUEST_TIMEOUT_MS } from "../src/pubsub-limits.ts";
import { MAJORS, useMajor } from "./majors.ts";
import { never, outgoing, rejection } from "./open-adapter.ts";
import { GrpcError, ScriptedServer, until } from "./scripted-server.ts";

const TOPIC = "projects/p/topics/orders";

let server: ScriptedServer;
let clients: PubsubClients;
let calls: PublishCalls;
let byClient: MockInstance;

async function start(): Promise<void> {
  const endpoint = { host: "127.0.0.1", port: Number(server.endpoint.split(":")[1]), isEncrypted: false };
  clients = new PubsubClients({
    project: "p",
    endpoint,
    clock: systemClock,
    checkOrigin: () => {},
  });
  calls = new PublishCalls(clients);
  byClient = vi.spyOn(await clients.publisher(), "publish");
}

async function publish(id: string, signal: AbortSignal = never): Promise<unknown> {
  return await calls.publish(new PublishRequest(TOPIC, [outgoing(id)]), signal);
}

beforeEach(async () => {
  server = await ScriptedServer.start();
});

afterEach(async () => {
  await clients.close();
  server.close();
});

describe.each(MAJORS)("publish requests with release %i", (major) => {
  useMajor(major);

  test("go by the generated client once, and past it with all that it sends along", async () => {
    await start();
    expect(await publish("a")).toEqual({ messageIds: ["m-0"] });
    expect(await publish("b")).toEqual({ messageIds: ["m-0"] });
    expect(byClient).toHaveBeenCalledTimes(1);
    const [first, second] = server.calls.map(({ metadata }) => metadata.getMap());
    expect(first).toMatchObject({
      "x-goog-api-client": expect.stringContaining("gapic/"),
      "x-goog-request-params": `topic=${encodeURIComponent(TOPIC)}`,
    });
    expect(second).toEqual(first);
    expect(server.requests("Publish")).toMatchObject([
      { topic: TOPIC, messages: [{ attributes: { "aq-id": "a" } }] },
      { topic: TOPIC, messages: [{ attributes: { "aq-id": "b" } }] },
    ]);
  });

  test("go by the generated client again after one that failed", async () => {
    await start();
    server.answer("Publish", (nth) => (nth === 1 ? new GrpcError(status.NOT_FOUND, "not yet") : undefined));
    await rejection(publish("a"));
    await publish("b");
    expect(byClient).toHaveBeenCalledTimes(2);
  });

  test.each([
    [status.NOT_FOUND, "NOT_FOUND", false],
    [status.RESOURCE_EXHAUSTED, "THROTTLED", false],
    [status.UNAVAILABLE, "UNAVAILABLE", true],
    [status.INTERNAL, "UNAVAILABLE", true],
  ])("ask once and keep the code %i of a failure", async (code, expected, ambiguous) => {
    await start();
    server.answer("Publish", (nth) => (nth === 1 ? undefined : new GrpcError(code, "as scripted")));
    await publish("a");
    const error = await rejection(publish("b"));
    expect(classifyPubsubError(error, "send")).toMatchObject({ code: expected, ambiguous });
    expect(server.count("Publish")).toBe(2);
  });

  test("are cancelled by their signal, and not begun after it", async () => {
    await start();
    server.answer("Publish", (nth) => (nth === 1 ? undefined : "hang"));
    await publish("a");
    const controller = new AbortController();
    const cancelled = rejection(publish("b", controller.signal));
    await until(() => server.count("Publish") === 2);
    controller.abort();
    // gRPC's own status for it: the service may have stored the message.
    const error = await cancelled;
    expect(error).toMatchObject({ code: 1 });
    expect(classifyPubsubError(error, "send").ambiguous).toBe(true);
    expect(await rejection(publish("c", controller.signal))).toBe(controller.signal.reason);
    expect(server.count("Publish")).toBe(2);
  });

  test.each([
    ["the first", 1],
    ["a later one", 2],
  ])("are in doubt after their time limit: %s", async (_which, hanging) => {
    await start();
    server.answer("Publish", (nth) => (nth === hanging ? "hang" : undefined));
    if (hanging === 2) await publish("a");
    const { setTimer } = systemClock;
    vi.spyOn(systemClock, "setTimer").mockImplementation((callback, ms, ...rest) =>
      setTimer(callback, ms === REQUEST_TIMEOUT_MS ? 200 : ms, ...rest),
    );
    const error = await rejection(publish("b"));
    expect(classifyPubsubError(error, "send")).toMatchObject({ code: "TIMEOUT", ambiguous: true });
    expect(server.count("Publish")).toBe(hanging);
  });

  test("leave the depth of stack traces as it was, where it may not be changed too", async () => {
    const { stackTraceLimit: value } = Error;
    await start();
    server.answer("Publish", (nth) => (nth < 3 ? undefined : new GrpcError(status.NOT_FOUND, "gone")));
    await publish("a");
    await publish("b");
    expect(Error.stackTraceLimit).toBe(value);
    Object.defineProperty(Error, "stackTraceLimit", { value, writable: false });
    onTestFinished(() => {
      Object.defineProperty(Error, "stackTraceLimit", { value, writable: true });
    });
    expect(await rejection(publish("c"))).toMatchObject({ code: status.NOT_FOUND });
  });

  test("end when the connection ends while they are out", async () => {
    await start();
    server.answer("Publish", (nth) => (nth === 1 ? undefined : "hang"));
    await publish("a");
    const lost = rejection(publish("b"));
    await until(() => server.count("Publish") === 2);
    server.close();
    expect(classifyPubsubError(await lost, "send").ambiguous).toBe(true);
    await clients.close();
    expect(await rejection(publish("c"))).toMatchObject({ code: "CLOSED" });
  });
});
