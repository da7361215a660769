import type { ConsumerDriver, Delivery, QueueAdapter } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { consumerOptions, never, openAdapter, queue, rejection } from "./open-adapter.ts";
import { GrpcError, ScriptedServer, stored, until } from "./scripted-server.ts";

const ASK = { maxItems: 10, waitMs: 20_000 };

let server: ScriptedServer;
let adapter: QueueAdapter;

beforeEach(async () => {
  server = await ScriptedServer.start();
  adapter = openAdapter(server.endpoint);
});

afterEach(async () => {
  await adapter.close();
  server.close();
});

const idsOf = (deliveries: readonly Delivery<unknown>[]): readonly string[] =>
  deliveries.map(({ providerId }) => providerId);

/** An open consumer, and the faults that it reported. */
async function opened(
  more: Parameters<typeof consumerOptions>[0] = {},
): Promise<{ consumer: ConsumerDriver<unknown>; faults: unknown[] }> {
  const options = consumerOptions(more);
  const consumer = adapter.openConsumer(queue(adapter), options);
  await consumer.open?.(never);
  return { consumer, faults: options.faults };
}

function deadlines(): readonly (readonly [readonly unknown[], unknown])[] {
  return server
    .requests("ModifyAckDeadline")
    .map(({ ackIds, ackDeadlineSeconds }) => [Array.isArray(ackIds) ? ackIds : [], ackDeadlineSeconds]);
}

describe("the life of a stream", () => {
  const passing = [1, 4, 8, 10, 13, 14];

  test.each(passing)("opens another after an ending with %i, and reports it", async (code) => {
    const clock = createVirtualClock();
    adapter = openAdapter(server.endpoint, { clock });
    const { consumer, faults } = await opened();
    await clock.advance(2_000);
    server.stream(0).end(new GrpcError(code, "ended"));
    await until(() => server.streams.length === 2);
    expect(faults).toHaveLength(1);
    const asked = consumer.receiveBatch(ASK, never);
    server.stream(1).send({ receivedMessages: [stored("1", "a")] });
    expect(idsOf(await asked)).toEqual(["1"]);
    await consumer.close();
  });

  test("leaves the back-off to the core where streams end at once", async () => {
    const { consumer } = await opened();
    const asked = rejection(consumer.receiveBatch(ASK, never));
    server.stream(0).end(new GrpcError(status.UNAVAILABLE, "not now"));
    expect(adapter.classify(await asked, "receive")).toMatchObject({ code: "UNAVAILABLE", retryable: true });
    expect(server.streams).toHaveLength(1);
    const again = consumer.receiveBatch(ASK, never);
    await until(() => server.streams.length === 2);
    server.stream(1).send({ receivedMessages: [stored("1", "a")] });
    expect(idsOf(await again)).toEqual(["1"]);
    await consumer.close();
  });

  test.each([2, 3, 5, 7, 9, 16])("does not go on by itself after an ending with %i", async (code) => {
    const clock = createVirtualClock();
    adapter = openAdapter(server.endpoint, { clock });
    const { consumer } = await opened();
    await clock.advance(10_000);
    const asked = rejection(consumer.receiveBatch({ ...ASK, waitMs: 600_000 }, never));
    server.stream(0).end(new GrpcError(code, "ended"));
    expect(await asked).toMatchObject({ code });
    expect(server.streams).toHaveLength(1);
    await consumer.close();
  });

  test("an ending without an error is no success", async () => {
    const { consumer } = await opened();
    const asked = rejection(consumer.receiveBatch(ASK, never));
    server.stream(0).end();
    expect(adapter.classify(await asked, "receive").code).toBe("UNAVAILABLE");
    await consumer.close();
  });

  test("asks for a sign of life every 30 s and stays where it gets one", async () => {
    const clock = createVirtualClock();
    adapter = openAdapter(server.endpoint, { clock });
    const { consumer } = await opened();
    for (let round = 2; round < 5; round += 1) {
      await clock.advance(30_000);
      await until(() => server.stream(0).requests.length === round);
      await clock.advance(15_000);
    }
    expect(server.streams).toHaveLength(1);
    await consumer.close();
  });

  test("opens another stream where no sign of life comes within 15 s", async () => {
    const clock = createVirtualClock();
    adapter = openAdapter(server.endpoint, { clock });
    const { consumer, faults } = await opened();
    server.answersKeepAlives = false;
    await clock.advance(30_000);
    await until(() => server.stream(0).requests.length === 2);
    await clock.advance(15_000);
    await until(() => server.streams.length === 2);
    expect(faults).toEqual([expect.objectContaining({ code: "CONNECTION_LOST" })]);
    await consumer.close();
  });

  test("renews what lies in its buffer, because running out would count as a delivery", async () => {
    const clock = createVirtualClock();
    adapter = openAdapter(server.endpoint, { clock });
    const { consumer } = await opened({ leaseMs: 20_000 });
    server.stream(0).send({ receivedMessages: [stored("1", "a"), stored("2", "b")] });
    await consumer.receiveBatch({ ...ASK, maxItems: 1 }, never);
    for (let step = 0; step < 4; step += 1) await clock.advance(5_000);
    await until(() => deadlines().length > 0);
    expect(deadlines()).toEqual([[["ack-2"], 20]]);
    const [delivery] = await consumer.receiveBatch(ASK, never);
    expect(delivery?.leaseMs).toBeGreaterThan(10_000);
    await consumer.close();
  });
});

describe("flow", () => {
  test("stops at zero, gives back what was buffered, and begins again", async () => {
    const { consumer } = await opened();
    server.stream(0).send({ receivedMessages: [stored("1", "a"), stored("2", "b")] });
    await consumer.receiveBatch({ ...ASK, maxItems: 1 }, never);
    await consumer.setFlow?.({ maxOutstanding: 0, lanes: 0 }, never);
    await until(() => server.stream(0).isHalfClosed && deadlines().length > 0);
    expect(deadlines()).toEqual([[["ack-2"], 0]]);
    await consumer.setFlow?.({ maxOutstanding: 3, lanes: 3 }, never);
    await until(() => server.streams.length === 2);
    // One delivery is still in hand.
    expect(server.stream(1).opening).toMatchObject({ maxOutstandingMessages: "2" });
    await consumer.close();
  });

  test("zero ends the streams that are left when another has failed: each return counts as an attempt", async () => {
    const { consumer } = await opened();
    await consumer.setFlow?.({ maxOutstanding: 25, lanes: 25 }, never);
    await until(() => server.streams.length === 2);
    const asked = rejection(consumer.receiveBatch(ASK, never));
    server.stream(1).end(new GrpcError(status.RESOURCE_EXHAUSTED, "not now"));
    await asked;
    await consumer.setFlow?.({ maxOutstanding: 0, lanes: 0 }, never);
    await until(() => server.stream(0).isHalfClosed);
    expect(server.streams).toHaveLength(2);
    await consumer.close();
  });

  test("what an ending stream brings twice goes back for a second, so that a slow end uses up no attempts", async () => {
    const { consumer } = await opened();
    await consumer.setFlow?.({ maxOutstanding: 0, lanes: 0 }, never);
    for (const _ of ["once", "again"]) server.stream(0).send({ receivedMessages: [stored("1", "a")] });
    await until(() => deadlines().length === 2);
    expect(deadlines()).toEqual([
      [["ack-1"], 0],
      [["ack-1"], 1],
    ]);
    await consumer.close();
  });

  test("a higher limit opens another stream for what is more, for the same client", async () => {
    const { consumer } = await opened();
    await consumer.setFlow?.({ maxOutstanding: 25, lanes: 25 }, never);
    await until(() => server.streams.length === 2);
    expect(server.stream(1).opening).toMatchObject({ maxOutstandingMessages: "15" });
    expect(server.stream(1).opening["clientId"]).toBe(server.stream(0).opening["clientId"]);
    await consumer.setFlow?.({ maxOutstanding: 25, lanes: 25 }, never);
    expect(server.streams).toHaveLength(2);
    await consumer.close();
  });

  test("a lower limit counts what is in hand before it opens another stream", async () => {
    const { consumer } = await opened({ flow: { maxOutstanding: 4, lanes: 4 } });
    server.stream(0).send({ receivedMessages: ["1", "2", "3"].map((id) => stored(id, id)) });
    const deliveries = await consumer.receiveBatch(ASK, never);
    await consumer.setFlow?.({ maxOutstanding: 2, lanes: 2 }, never);
    await until(() => server.stream(0).isHalfClosed);
    const [first, second] = deliveries.map(({ handle }) => handle);
    await consumer.ackBatch([first], never);
    expect(server.streams).toHaveLength(1);
    await consumer.ackBatch([second], never);
    await until(() => server.streams.length === 2);
    expect(server.stream(1).opening).toMatchObject({ maxOutstandingMessages: "1" });
    await consumer.close();
  });

  test("opens no stream before there is flow", async () => {
    const { consumer } = await opened({ flow: { maxOutstanding: 0, lanes: 0 } });
    expect(server.streams).toHaveLength(0);
    await consumer.close();
  });

  test("when half of the room is parked at the service, another stream brings the rest", async () => {
    const { consumer } = await opened({ flow: { maxOutstanding: 4, lanes: 4 } });
    server.stream(0).send({ receivedMessages: [stored("1", "a"), stored("2", "b"), stored("3", "c")] });
    const deliveries = await consumer.receiveBatch(ASK, never);
    const items = deliveries.map(({ handle }) => ({ handle, delayMs: 90_000, cause: "retry" as const }));
    await consumer.releaseBatch(items.slice(0, 1), never);
    expect(server.streams).toHaveLength(1);
    await consumer.releaseBatch(items.slice(1, 2), never);
    await until(() => server.streams.length === 2);
    expect(server.stream(0).isHalfClosed).toBe(true);
    // The first stream brought the third, which takes no room on the second stream.
    await consumer.releaseBatch(items.slice(2), never);
    expect(server.streams).toHaveLength(2);
    await consumer.close();
  });
});

test("what follows a released delivery on its key takes no room of the next stream", async () => {
  server.properties = { exactlyOnceDeliveryEnabled: false, messageOrderingEnabled: true };
  const { consumer } = await opened({ flow: { maxOutstanding: 2, lanes: 2 } });
  const keyed = (id: string): ReturnType<typeof stored> => stored(id, id, { message: { orderingKey: "x" } });
  server.stream(0).send({ receivedMessages: [keyed("1"), keyed("2")] });
  const [head] = await consumer.receiveBatch(ASK, never);
  // Half of the room is parked, so another stream begins. The core drops the second delivery; it comes again.
  await consumer.releaseBatch([{ handle: head?.handle, delayMs: 1_000, cause: "retry" }], never);
  await until(() => server.streams.length === 2);
  expect(server.stream(1).opening).toMatchObject({ maxOutstandingMessages: "2" });
  await consumer.close();
});

test.each([
  ["of an ordered subscription is not handed over before it", true, ["3"]],
  ["elsewhere stays, because nobody would hand it over again", false, ["2", "3"]],
])("what follows a released delivery on its key %s", async (_, messageOrderingEnabled, left) => {
  server.properties = { exactlyOnceDeliveryEnabled: false, messageOrderingEnabled };
  const { consumer } = await opened();
  const keyed = (id: string, orderingKey: string): ReturnType<typeof stored> =>
    stored(id, id, { message: { orderingKey } });
  server.stream(0).send({ receivedMessages: [keyed("1", "x"), keyed("2", "x"), keyed("3", "y")] });
  const [head] = await consumer.receiveBatch({ ...ASK, maxItems: 1 }, never);
  await consumer.releaseBatch([{ handle: head?.handle, delayMs: 0, cause: "retry" }], never);
  expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(left);
  await consumer.close();
});

test("what comes of a key while its failed message is kept back by the service is not handed over before it", async () => {
  server.properties = { exactlyOnceDeliveryEnabled: false, messageOrderingEnabled: true };
  const { consumer } = await opened();
  const keyed = (id: string, orderingKey: string): ReturnType<typeof stored> =>
    stored(id, id, { message: { orderingKey } });
  server.stream(0).send({ receivedMessages: [keyed("1", "x")] });
  const [head] = await consumer.receiveBatch(ASK, never);
  await consumer.releaseBatch([{ handle: head?.handle, delayMs: 5_000, cause: "retry" }], never);
  server.stream(0).send({ receivedMessages: [keyed("2", "x"), keyed("3", "y")] });
  expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["3"]);
  // The first message comes again, and the one behind it with it.
  server.stream(0).send({ receivedMessages: [keyed("1", "x"), keyed("2", "x")] });
  expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["1", "2"]);
  await consumer.close();
});

test("of a key whose message could not be confirmed nothing is handed over before that comes again", async () => {
  server.properties = { exactlyOnceDeliveryEnabled: true, messageOrderingEnabled: true };
  server.answer("ModifyAckDeadline", (nth) =>
    nth <= 3 ? new GrpcError(status.UNAVAILABLE, "not now") : undefined,
  );
  const { consumer } = await opened();
  const keyed = (id: string): ReturnType<typeof stored> => stored(id, id, { message: { orderingKey: "x" } });
  server.stream(0).send({ receivedMessages: [keyed("1")] });
  await until(() => server.count("ModifyAckDeadline") === 3);
  server.stream(0).send({ receivedMessages: [keyed("2")] });
  await until(() => server.count("ModifyAckDeadline") === 4);
  server.stream(0).send({ receivedMessages: [keyed("1"), keyed("2")] });
  expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["1", "2"]);
  await consumer.close();
});

test("an unanswered confirmation under exactly-once is asked for again, so that it costs no lease", async () => {
  server.properties = { exactlyOnceDeliveryEnabled: true, messageOrderingEnabled: false };
  server.answer("ModifyAckDeadline", (nth) =>
    nth === 1 ? new GrpcError(status.UNAVAILABLE, "not now") : undefined,
  );
  const { consumer } = await opened();
  server.stream(0).send({ receivedMessages: [stored("1", "a")] });
  expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["1"]);
  expect(server.count("ModifyAckDeadline")).toBe(2);
  await consumer.close();
});
