import type { Clock, ConsumerDriver, Delivery, ItemResult, QueueAdapter } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { consumerOptions, never, openAdapter, queue } from "./open-adapter.ts";
import { ackFailure, GrpcError, ScriptedServer, stored, until } from "./scripted-server.ts";

const ASK = { maxItems: 10, waitMs: 20_000 };

let server: ScriptedServer;
let adapter: QueueAdapter;

beforeEach(async () => {
  server = await ScriptedServer.start();
  server.properties = { exactlyOnceDeliveryEnabled: false, messageOrderingEnabled: true };
});

afterEach(async () => {
  await adapter.close();
  server.close();
});

const idsOf = (deliveries: readonly Delivery<unknown>[]): readonly string[] =>
  deliveries.map(({ providerId }) => providerId);

const keyed = (id: string): ReturnType<typeof stored> => stored(id, id, { message: { orderingKey: "x" } });

/** A message that was published `agoMs` ago, after all others. */
const recent = (clock: Clock, id: string, orderingKey: string, agoMs = 0): ReturnType<typeof stored> => {
  const seconds = String(Math.floor((clock.wallNow() - agoMs) / 1_000));
  return stored(id, id, { message: { orderingKey, publishTime: { seconds, nanos: 0 } } });
};

/** A consumer that has the first message of a key. */
async function holdingFirst() {
  const clock = createVirtualClock();
  adapter = openAdapter(server.endpoint, { clock });
  const consumer: ConsumerDriver<unknown> = adapter.openConsumer(queue(adapter), consumerOptions());
  await consumer.open?.(never);
  server.stream(0).send({ receivedMessages: [keyed("1")] });
  const [first] = await consumer.receiveBatch(ASK, never);
  const release = async (delayMs: number): Promise<readonly ItemResult[]> =>
    await consumer.releaseBatch([{ handle: first?.handle, delayMs, cause: "retry" }], never);
  return { clock, consumer, release };
}

/** The same when it has given that back; the server does not send it again. */
async function waitingForFirst() {
  const { clock, consumer, release } = await holdingFirst();
  await release(0);
  return { clock, consumer };
}

test("what is early again goes back for a second: each time counts as an attempt at the service", async () => {
  const { consumer } = await waitingForFirst();
  for (const round of [2, 3]) {
    server.stream(0).send({ receivedMessages: [keyed("2")] });
    await until(() => server.count("ModifyAckDeadline") === round);
  }
  const deadlines = server.requests("ModifyAckDeadline");
  expect(deadlines.map(({ ackIds, ackDeadlineSeconds }) => [ackIds, ackDeadlineSeconds])).toEqual([
    [["ack-1"], 0],
    [["ack-2"], 0],
    [["ack-2"], 1],
  ]);
  await consumer.close();
});

test("what was early counts no attempt, and a return that the service did not count takes none off", async () => {
  const { consumer } = await waitingForFirst();
  const second = (deliveryAttempt: number): ReturnType<typeof stored> =>
    stored("2", "2", { message: { orderingKey: "x" }, deliveryAttempt });
  server.stream(0).send({ receivedMessages: [second(2)] });
  await until(() => server.count("ModifyAckDeadline") === 2);
  const counts: (number | undefined)[] = [];
  for (const attempt of [2, 3, 4]) {
    server.stream(0).send({ receivedMessages: [keyed("1"), second(attempt)] });
    const deliveries = await consumer.receiveBatch(ASK, never);
    counts.push(deliveries[1]?.deliveryCount);
  }
  // The return was without effect if the service had taken the message back by then, behind the first.
  expect(counts).toEqual([2, 2, 3]);
  await consumer.close();
});

test("what comes when the delay of a release may be over goes back, though the answer was later: somebody else may be done with the message", async () => {
  const { clock, consumer, release } = await holdingFirst();
  server.answer("ModifyAckDeadline", async (nth) => {
    if (nth === 1) await clock.advance(500);
    return undefined;
  });
  await release(1_000);
  await clock.advance(700);
  // Kept here, it would be overtaken by what comes a second later, until its lease is over.
  server.stream(0).send({ receivedMessages: [keyed("2")] });
  await until(() => server.count("ModifyAckDeadline") === 2);
  expect(server.requests("ModifyAckDeadline")[1]).toMatchObject({ ackIds: ["ack-2"] });
  await consumer.close();
});

test("so does what comes behind a release that failed and was repeated: the first may have taken effect", async () => {
  const { clock, consumer, release } = await holdingFirst();
  server.answer("ModifyAckDeadline", (nth) =>
    nth === 1 ? new GrpcError(status.UNAVAILABLE, "not now") : undefined,
  );
  await release(2_000);
  await clock.advance(1_500);
  server.stream(0).send({ receivedMessages: [keyed("2")] });
  await until(() => server.count("ModifyAckDeadline") === 2);
  await release(2_000);
  await clock.advance(1_000);
  server.stream(0).send({ receivedMessages: [keyed("2")] });
  await until(() => server.count("ModifyAckDeadline") === 4);
  const returned = server.requests("ModifyAckDeadline").map(({ ackIds }) => ackIds);
  expect(returned).toEqual([["ack-1"], ["ack-2"], ["ack-1"], ["ack-2"]]);
  await consumer.close();
});

test("a release that is repeated although it had taken effect takes nothing away that came again after it", async () => {
  const { consumer, release } = await holdingFirst();
  const again = Promise.withResolvers<void>();
  server.answer("ModifyAckDeadline", async (nth) => {
    if (nth > 1) return undefined;
    server.stream(0).send({ receivedMessages: [keyed("1"), keyed("2")] });
    await again.promise;
    return new GrpcError(status.UNAVAILABLE, "the answer was lost");
  });
  const failing = release(0);
  expect(idsOf(await consumer.receiveBatch({ ...ASK, maxItems: 1 }, never))).toEqual(["1"]);
  again.resolve();
  expect(await failing).toMatchObject([{ ok: false }]);
  await release(0);
  // Nobody but this consumer has it.
  expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["2"]);
  await consumer.close();
});

test("what a stream brings more than a second late is not handed over before the message that failed", async () => {
  const { clock, consumer } = await waitingForFirst();
  await clock.advance("2s");
  server.stream(0).send({ receivedMessages: [keyed("2")] });
  server.stream(0).send({ receivedMessages: [keyed("1"), keyed("2")] });
  expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["1", "2"]);
  await consumer.close();
});

test("what went back on one stream proves nothing of another that is late as well", async () => {
  const { clock, consumer } = await waitingForFirst();
  await consumer.setFlow?.({ maxOutstanding: 20, lanes: 20 }, never);
  await until(() => server.streams.length === 2);
  const [one, two] = [server.stream(0), server.stream(1)];
  // The first fails again, on the other stream. What follows it is late on both.
  two.send({ receivedMessages: [keyed("1")] });
  const [first] = await consumer.receiveBatch(ASK, never);
  await consumer.releaseBatch([{ handle: first?.handle, delayMs: 0, cause: "retry" }], never);
  await clock.advance("2s");
  one.send({ receivedMessages: [keyed("2")] });
  await until(() => server.count("ModifyAckDeadline") === 3);
  two.send({ receivedMessages: [keyed("2")] });
  two.send({ receivedMessages: [keyed("1"), keyed("2")] });
  expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["1", "2"]);
  await consumer.close();
});

test("what went back is taken on a stream that was opened after that", async () => {
  const { clock, consumer } = await waitingForFirst();
  await clock.advance("2s");
  server.stream(0).send({ receivedMessages: [keyed("2")] });
  await until(() => server.count("ModifyAckDeadline") === 2);
  await consumer.setFlow?.({ maxOutstanding: 20, lanes: 20 }, never);
  await until(() => server.streams.length === 2);
  // Another consumer has the first.
  server.stream(1).send({ receivedMessages: [keyed("2")] });
  expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["2"]);
  await consumer.close();
});

test("what was published later goes back behind a message that perhaps was sent too early", async () => {
  const { clock, consumer } = await waitingForFirst();
  await clock.advance("3s");
  const third = recent(clock, "3", "x");
  // With a message before it that was perhaps sent earlier, it does go back, behind that.
  server.stream(0).send({ receivedMessages: [keyed("2"), third] });
  await until(() => server.count("ModifyAckDeadline") === 2);
  expect(server.requests("ModifyAckDeadline")[1]).toMatchObject({ ackIds: ["ack-2", "ack-3"] });
  server.stream(0).send({ receivedMessages: [keyed("2"), third] });
  expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["2", "3"]);
  await consumer.close();
});

test("what was published later and comes alone is handed over at once", async () => {
  const { clock, consumer } = await waitingForFirst();
  await clock.advance("3s");
  server.stream(0).send({ receivedMessages: [recent(clock, "2", "x")] });
  expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["2"]);
  expect(server.count("ModifyAckDeadline")).toBe(1);
  await consumer.close();
});

test("so is what comes on its stream behind a message of another key that was published later", async () => {
  const { clock, consumer } = await waitingForFirst();
  await clock.advance("3s");
  server.stream(0).send({ receivedMessages: [recent(clock, "another", "y"), keyed("2")] });
  expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["another", "2"]);
  expect(server.count("ModifyAckDeadline")).toBe(1);
  await consumer.close();
});

test("a message from the future proves nothing: the clocks disagree", async () => {
  const { clock, consumer } = await waitingForFirst();
  await clock.advance("3s");
  server.stream(0).send({ receivedMessages: [recent(clock, "another", "y", -60_000), keyed("2")] });
  expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["another"]);
  await until(() => server.count("ModifyAckDeadline") === 2);
  await consumer.close();
});

test("what follows an early message is not handed over while that could not be given back", async () => {
  const { clock, consumer } = await waitingForFirst();
  let isDown = true;
  server.answer("ModifyAckDeadline", () => {
    if (isDown) return new GrpcError(status.UNAVAILABLE, "not now");
    setImmediate(() => server.stream(0).send({ receivedMessages: [keyed("2"), keyed("3")] }));
    return undefined;
  });
  // Another consumer has the first, and settles it.
  server.stream(0).send({ receivedMessages: [keyed("2")] });
  await until(() => server.count("ModifyAckDeadline") === 2);
  await clock.advance(2_000);
  server.stream(0).send({ receivedMessages: [keyed("3"), stored("4", "4")] });
  const [other, ...early] = await consumer.receiveBatch(ASK, never);
  expect([other?.providerId, ...idsOf(early)]).toEqual(["4"]);
  // The answer to this ack comes after the one to the return, so the next try is due.
  await consumer.ackBatch([other?.handle], never);
  isDown = false;
  await clock.advance(1_000);
  expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["2", "3"]);
  await consumer.close();
});

test.each([
  ["for good", "PERMANENT_FAILURE_INVALID_ACK_ID"],
  ["for the moment", "TRANSIENT_FAILURE_SERVICE_UNAVAILABLE"],
])(
  "what went back with a message before it, and was refused %s, does not stand before that",
  async (...how) => {
    const [, reason] = how;
    adapter = openAdapter(server.endpoint, { clock: createVirtualClock() });
    const consumer: ConsumerDriver<unknown> = adapter.openConsumer(queue(adapter), consumerOptions());
    await consumer.open?.(never);
    server.stream(0).send({ receivedMessages: [keyed("1"), keyed("2")] });
    const both = await consumer.receiveBatch(ASK, never);
    // Returning the first also ends the lease of the second.
    server.answer("ModifyAckDeadline", (nth) => (nth === 1 ? ackFailure({ "ack-2": reason }) : undefined));
    const returns = both.map(({ handle }) => ({ handle, delayMs: 0, cause: "unstarted" }) as const);
    const results = await consumer.releaseBatch(returns, never);
    expect(results.map(({ ok }) => ok)).toEqual([true, false]);
    server.stream(0).send({ receivedMessages: [keyed("1"), keyed("2"), keyed("3")] });
    expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["1", "2", "3"]);
    await consumer.close();
  },
);

test("what went back and was refused for good may be with somebody else, and holds up what follows for no lease", async () => {
  const clock = createVirtualClock();
  adapter = openAdapter(server.endpoint, { clock });
  const consumer: ConsumerDriver<unknown> = adapter.openConsumer(queue(adapter), consumerOptions());
  await consumer.open?.(never);
  server.stream(0).send({ receivedMessages: [keyed("1")] });
  const [first] = await consumer.receiveBatch(ASK, never);
  server.answer("ModifyAckDeadline", () => ackFailure({ "ack-1": "PERMANENT_FAILURE_INVALID_ACK_ID" }));
  await consumer.releaseBatch([{ handle: first?.handle, delayMs: 0, cause: "retry" }], never);
  await clock.advance("2s");
  // The stream may be further behind than that, so it is asked for once more.
  server.stream(0).send({ receivedMessages: [keyed("2")] });
  await until(() => server.count("ModifyAckDeadline") === 2);
  server.stream(0).send({ receivedMessages: [keyed("2")] });
  expect(idsOf(await consumer.receiveBatch(ASK, never))).toEqual(["2"]);
  await consumer.close();
});
