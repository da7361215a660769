import type { ConsumerDriver, QueueAdapter } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { consumerOptions, never, openAdapter, queue } from "./open-adapter.ts";
import { status } from "@grpc/grpc-js";
import { GrpcError, ScriptedServer, stored, until } from "./scripted-server.ts";

const ASK = { maxItems: 10, waitMs: 20_000 };

const keyed = (id: string): object => stored(id, id, { message: { orderingKey: "x" } });
const idsOf = async (consumer: ConsumerDriver<unknown>, maxItems = 10): Promise<readonly string[]> =>
  (await consumer.receiveBatch({ ...ASK, maxItems }, never)).map(({ providerId }) => providerId);

let server: ScriptedServer;
let adapter: QueueAdapter;

beforeEach(async () => {
  server = await ScriptedServer.start();
});

afterEach(async () => {
  await adapter.close();
  server.close();
});

/** Opens a consumer, with leases of 20 s, on a clock that the test moves. */
async function openConsumer(
  options: Parameters<typeof consumerOptions>[0] = {},
  properties?: typeof server.properties,
) {
  const clock = createVirtualClock();
  adapter = openAdapter(server.endpoint, { clock });
  if (properties !== undefined) server.properties = properties;
  const consumer = adapter.openConsumer(queue(adapter), consumerOptions({ leaseMs: 20_000, ...options }));
  await consumer.open?.(never);
  return { clock, consumer };
}

test("what a standstill left unread has that much less of its lease, and what comes later has all of it", async () => {
  const { clock, consumer } = await openConsumer();
  clock.stall(12_000);
  const asked = consumer.receiveBatch(ASK, never);
  server.stream(0).send({ receivedMessages: [stored("1", "a")] });
  expect((await asked).map(({ leaseMs }) => leaseMs)).toEqual([8_000]);
  await clock.advance(2_000);
  const again = consumer.receiveBatch(ASK, never);
  server.stream(0).send({ receivedMessages: [stored("2", "b")] });
  expect((await again).map(({ leaseMs }) => leaseMs)).toEqual([20_000]);
  await consumer.close();
});

test("a buffered delivery whose lease ended while the machine slept is not handed over", async () => {
  const { clock, consumer } = await openConsumer();
  server.stream(0).send({ receivedMessages: [stored("1", "a"), stored("2", "b")] });
  expect(await idsOf(consumer, 1)).toEqual(["1"]);
  clock.suspend(30_000);
  const asked = consumer.receiveBatch(ASK, never);
  await clock.advance(3_000);
  server.stream(0).send({ receivedMessages: [stored("3", "c")] });
  expect((await asked).map(({ providerId, leaseMs }) => [providerId, leaseMs])).toEqual([["3", 20_000]]);
  await consumer.close();
});

test("what a pull brings whose lease may have ended while the machine slept goes back", async () => {
  const { clock, consumer } = await openConsumer({ mode: "pull", leaseMs: 60_000 });
  const answer = Promise.withResolvers<object>();
  server.answer("Pull", async () => await answer.promise.then((reply) => ({ ...reply })));
  const asked = consumer.receiveBatch(ASK, never);
  await until(() => server.count("Pull") === 1);
  // Longer than the deadline of the subscription, which holds until the driver asks for its own.
  clock.suspend(30_000);
  answer.resolve({ receivedMessages: [stored("1", "a")] });
  expect(await asked).toEqual([]);
  expect(server.requests("ModifyAckDeadline").at(-1)).toMatchObject({
    ackIds: ["ack-1"],
    ackDeadlineSeconds: 0,
  });
  await consumer.close();
});

test("what lies in the buffer before a lost message of its key stays there: after that it would come too late", async () => {
  const { clock, consumer } = await openConsumer(
    {},
    { exactlyOnceDeliveryEnabled: true, messageOrderingEnabled: true },
  );
  server.stream(0).send({ receivedMessages: [keyed("1")] });
  await until(() => server.count("ModifyAckDeadline") === 1);
  await clock.advance(8_000);
  server.stream(0).send({ receivedMessages: [keyed("2")] });
  await until(() => server.count("ModifyAckDeadline") === 2);
  await clock.advance(8_000);
  // The lease of the first is renewed by now, and the second's is not due before it ends in this standstill.
  await until(() => server.count("ModifyAckDeadline") === 3);
  await clock.settle();
  clock.stall(14_000);
  const first = idsOf(consumer);
  server.stream(0).send({ receivedMessages: [keyed("2")] });
  expect(await first).toEqual(["1"]);
  expect(await idsOf(consumer)).toEqual(["2"]);
  await consumer.close();
});

test("a renewal that fails takes nothing out of the buffer: the leases go on until another is due", async () => {
  const { clock, consumer } = await openConsumer(
    {},
    { exactlyOnceDeliveryEnabled: false, messageOrderingEnabled: true },
  );
  // Not tried again at once, so there is one answer to wait for.
  server.answer("ModifyAckDeadline", () => new GrpcError(status.PERMISSION_DENIED, "not now"));
  server.stream(0).send({ receivedMessages: [stored("0", "0"), keyed("1"), keyed("2")] });
  const [other] = await consumer.receiveBatch({ ...ASK, maxItems: 1 }, never);
  await clock.advance(15_000);
  await until(() => server.count("ModifyAckDeadline") === 1);
  // The answer to this ack comes after the one to the renewal.
  await consumer.ackBatch([other?.handle], never);
  server.stream(0).send({ receivedMessages: [stored("3", "3")] });
  expect((await idsOf(consumer)).slice(0, 2)).toEqual(["1", "2"]);
  await consumer.close();
});
