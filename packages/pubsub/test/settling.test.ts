import type { ConsumerDriver, QueueAdapter } from "@anyqueue/core/adapter";
import { startEmulator } from "@anyqueue/emulator";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { MAJORS, useMajor } from "./majors.ts";
import { consumerOptions, never, openAdapter, outgoing, present, queue } from "./open-adapter.ts";
import { ackFailure, GrpcError, ScriptedServer, stored } from "./scripted-server.ts";

let server: ScriptedServer;
let adapter: QueueAdapter;
let consumer: ConsumerDriver<unknown>;

beforeEach(async () => {
  server = await ScriptedServer.start();
  adapter = openAdapter(server.endpoint);
});

afterEach(async () => {
  await consumer.close();
  await adapter.close();
  server.close();
});

/** Receives `count` deliveries and returns their handles. */
async function handlesOf(count: number, prefix = ""): Promise<readonly unknown[]> {
  server.answer("Pull", () => ({
    receivedMessages: Array.from({ length: count }, (_, index) => stored(prefix + String(index), "x")),
  }));
  consumer = adapter.openConsumer(queue(adapter), consumerOptions({ mode: "pull" }));
  await consumer.open?.(never);
  const deliveries = await consumer.receiveBatch({ maxItems: count, waitMs: 0 }, never);
  server.calls.length = 0;
  return deliveries.map(({ handle }) => handle);
}

const codes = (results: readonly { ok: boolean; error?: unknown }[]): readonly string[] =>
  results.map((result) => (result.ok ? "ok" : adapter.classify(result.error, "ack").code));

describe.each(MAJORS)("settling with release %i", (major) => {
  useMajor(major);

  test("acknowledges all in one request", async () => {
    const handles = await handlesOf(3);
    expect(codes(await consumer.ackBatch(handles, never))).toEqual(["ok", "ok", "ok"]);
    expect(server.requests("Acknowledge")).toEqual([
      { subscription: "projects/p/subscriptions/orders", ackIds: ["ack-0", "ack-1", "ack-2"] },
    ]);
  });

  test("one refused id does not fail the others, and a passing refusal says so", async () => {
    const handles = await handlesOf(4);
    server.answer("Acknowledge", () =>
      ackFailure({
        "ack-1": "PERMANENT_FAILURE_INVALID_ACK_ID",
        "ack-2": "TRANSIENT_FAILURE_UNORDERED_ACK_ID",
      }),
    );
    const results = await consumer.ackBatch(handles, never);
    expect(codes(results)).toEqual(["ok", "LEASE_LOST", "UNAVAILABLE", "ok"]);
    const [, permanent, transient] = results.map((result) =>
      result.ok ? undefined : adapter.classify(result.error, "ack"),
    );
    expect(permanent).toMatchObject({ retryable: false, ambiguous: false });
    expect(transient).toMatchObject({ retryable: true, ambiguous: false });
  });

  test("an id that is refused for a reason that nobody knows is not settled, alone or beside others", async () => {
    const handles = await handlesOf(3);
    server.answer("Acknowledge", (nth) =>
      nth === 1
        ? ackFailure({ "ack-0": "PERMANENT_FAILURE_INVALID_ACK_ID", "ack-1": "SOMETHING_NEW" })
        : ackFailure({ "ack-1": "SOMETHING_NEW" }),
    );
    const results = await consumer.ackBatch(handles, never);
    expect(codes(results)).toEqual(["LEASE_LOST", "UNAVAILABLE", "ok"]);
    expect(codes(await consumer.ackBatch(handles.slice(1), never))).toEqual(["UNAVAILABLE", "ok"]);
    expect(server.count("Acknowledge")).toBe(2);
  });

  test("under exactly-once no request has more ids than its answer can name", async () => {
    server.answer("GetSubscription", () => ({ enableExactlyOnceDelivery: true }));
    const handles = await handlesOf(1_000, "x".repeat(190));
    server.answer("Acknowledge", (_, { request }) => {
      const ackIds = Array.isArray(request["ackIds"]) ? request["ackIds"] : [];
      return ackFailure(Object.fromEntries(ackIds.map((id) => [id, "PERMANENT_FAILURE_INVALID_ACK_ID"])));
    });
    expect(new Set(codes(await consumer.ackBatch(handles, never)))).toEqual(new Set(["LEASE_LOST"]));
  });

  test("a request that fails as a whole fails each of its ids, with doubt where there is some", async () => {
    const handles = await handlesOf(2);
    server.answer("Acknowledge", () => new GrpcError(status.UNAVAILABLE, "try later"));
    const results = await consumer.ackBatch(handles, never);
    expect(codes(results)).toEqual(["UNAVAILABLE", "UNAVAILABLE"]);
    expect(server.count("Acknowledge")).toBe(1);
  });

  test("finds the malformed id where the service does not name it", async () => {
    const handles = await handlesOf(4);
    server.answer("Acknowledge", (_, { request }) => {
      const { ackIds } = request;
      const isBad = Array.isArray(ackIds) && ackIds.includes("ack-2");
      return isBad
        ? new GrpcError(status.INVALID_ARGUMENT, "You have passed an invalid ack ID (ackId=…).")
        : {};
    });
    expect(codes(await consumer.ackBatch(handles, never))).toEqual(["ok", "ok", "LEASE_LOST", "ok"]);
  });

  test("releases at once with zero seconds and later with the delay, rounded up", async () => {
    const [first, second, third] = await handlesOf(3);
    await consumer.releaseBatch(
      [
        { handle: first, delayMs: 0, cause: "retry" },
        { handle: second, delayMs: 1_200, cause: "retry" },
        { handle: third, delayMs: 900_000, cause: "retry" },
      ],
      never,
    );
    expect(server.requests("ModifyAckDeadline")).toEqual([
      expect.objectContaining({ ackIds: ["ack-0"], ackDeadlineSeconds: 0 }),
      expect.objectContaining({ ackIds: ["ack-1"], ackDeadlineSeconds: 2 }),
      expect.objectContaining({ ackIds: ["ack-2"], ackDeadlineSeconds: 600 }),
    ]);
  });

  test("leaves the delay to a retry policy, as far as that waits", async () => {
    server.answer("GetSubscription", () => ({ retryPolicy: { minimumBackoff: { seconds: 20 } } }));
    const [first, second] = await handlesOf(2);
    await consumer.releaseBatch(
      [
        { handle: first, delayMs: 15_000, cause: "retry" },
        { handle: second, delayMs: 30_000, cause: "retry" },
      ],
      never,
    );
    const seconds = server.requests("ModifyAckDeadline").map(({ ackDeadlineSeconds }) => ackDeadlineSeconds);
    expect(seconds).toEqual([0, 10]);
  });

  test("extends together, never to zero, and says how much is certain", async () => {
    const handles = await handlesOf(2);
    const extend = present(consumer.extendBatch?.bind(consumer), "extendBatch");
    const results = await extend(
      handles.map((handle) => ({ handle, leaseMs: 30_000 })),
      never,
    );
    expect(server.requests("ModifyAckDeadline")).toEqual([
      expect.objectContaining({ ackIds: ["ack-0", "ack-1"], ackDeadlineSeconds: 30 }),
    ]);
    for (const result of results) {
      expect(result.ok ? result.value.leaseMs : 0).toBeGreaterThan(25_000);
      expect(result.ok ? result.value.leaseMs : 0).toBeLessThanOrEqual(30_000);
    }
    await extend([{ handle: handles[0], leaseMs: 0 }], never);
    expect(server.requests("ModifyAckDeadline").at(-1)).toMatchObject({ ackDeadlineSeconds: 1 });
  });

  test("a lease that is gone is reported for its own delivery", async () => {
    const handles = await handlesOf(2);
    server.answer("ModifyAckDeadline", () => ackFailure({ "ack-0": "PERMANENT_FAILURE_INVALID_ACK_ID" }));
    const results = await consumer.extendBatch?.(
      handles.map((handle) => ({ handle, leaseMs: 30_000 })),
      never,
    );
    expect(codes(results ?? [])).toEqual(["LEASE_LOST", "ok"]);
  });
});

test("a delivery that was given back unstarted keeps its attempts", async () => {
  const again = { maxItems: 1, waitMs: 0 };
  const [handle] = await handlesOf(1);
  await consumer.releaseBatch([{ handle, delayMs: 0, cause: "unstarted" }], never);
  server.answer("Pull", () => ({ receivedMessages: [stored("0", "x", { deliveryAttempt: 2 })] }));
  const [delivery] = await consumer.receiveBatch(again, never);
  expect(delivery?.deliveryCount).toBe(1);
  await consumer.releaseBatch([{ handle: delivery?.handle, delayMs: 0, cause: "retry" }], never);
  server.answer("Pull", () => ({ receivedMessages: [stored("0", "x", { deliveryAttempt: 3 })] }));
  const [failed] = await consumer.receiveBatch(again, never);
  expect(failed?.deliveryCount).toBe(2);
});

test("a delivery that another consumer of the client gave back unstarted keeps its attempts", async () => {
  const [handle] = await handlesOf(1);
  await consumer.releaseBatch([{ handle, delayMs: 0, cause: "unstarted" }], never);
  await consumer.close();
  server.answer("Pull", () => ({ receivedMessages: [stored("0", "x", { deliveryAttempt: 2 })] }));
  consumer = adapter.openConsumer(queue(adapter), consumerOptions({ mode: "pull" }));
  const [delivery] = await consumer.receiveBatch({ maxItems: 1, waitMs: 0 }, never);
  expect(delivery?.deliveryCount).toBe(1);
});

test("a delivery that was given back unstarted keeps its attempts after an ack that failed", async () => {
  const again = { maxItems: 1, waitMs: 0 };
  const [handle] = await handlesOf(1);
  await consumer.releaseBatch([{ handle, delayMs: 0, cause: "unstarted" }], never);
  server.answer("Pull", () => ({ receivedMessages: [stored("0", "x", { deliveryAttempt: 2 })] }));
  const [handled] = await consumer.receiveBatch(again, never);
  server.answer("Acknowledge", () => new GrpcError(status.UNAVAILABLE, "not now"));
  expect(codes(await consumer.ackBatch([handled?.handle], never))).toEqual(["UNAVAILABLE"]);
  server.answer("Pull", () => ({ receivedMessages: [stored("0", "x", { deliveryAttempt: 3 })] }));
  const [delivery] = await consumer.receiveBatch(again, never);
  // The service counts three, and a handler ran once.
  expect(delivery?.deliveryCount).toBe(2);
});

test("a retry policy does not wait in addition to a longer delay", async () => {
  const emulator = await startEmulator({ pubsubPort: 0, clock: "manual" });
  onTestFinished(async () => await emulator.close());
  await adapter.close();
  const options = { provisioning: { retryPolicy: { min: "20s", max: "20s" } } } as const;
  adapter = openAdapter(emulator.endpoints.pubsub, { options });
  const target = queue(adapter);
  await present(await adapter.admin?.()).create(target, {}, never);
  await adapter.openProducer(target).sendBatch([outgoing("1")], never);
  consumer = adapter.openConsumer(target, consumerOptions({ mode: "pull" }));
  await consumer.open?.(never);
  const receive = async () => await consumer.receiveBatch({ maxItems: 1, waitMs: 0 }, never);
  const [delivery] = await receive();
  await consumer.releaseBatch([{ handle: delivery?.handle, delayMs: 30_000, cause: "retry" }], never);
  await emulator.clock.advance(29_999);
  expect(await receive()).toEqual([]);
  await emulator.clock.advance(1);
  expect(await receive()).toMatchObject([{ id: "1" }]);
});
