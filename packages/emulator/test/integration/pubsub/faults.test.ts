import { describe, expect, test } from "vitest";
import { CODES, EVERY_CODE } from "../../support/grpc-codes.ts";
import { until } from "../../support/running-emulator.ts";
import {
  bodiesOf,
  BUDGET,
  failureOf,
  pullNow,
  PUBSUB_LIBRARIES,
  runPubsub,
  subscriptionName,
  topicName,
} from "../../support/running-pubsub.ts";

const SHORT = { timeout: 1_000, retry: null };
const MESSAGE = { data: Buffer.from("a") };
const NAME = subscriptionName("orders-sub");
const topic = topicName("orders");

describe.each(PUBSUB_LIBRARIES)("faults of calls, with the client $version", (library) => {
  test.each(EVERY_CODE)("a publish fails with %s", async (code, number) => {
    const { emulator, publisher, createPair } = await runPubsub(library);
    await createPair();
    emulator.faults.add({ operation: "Publish", action: { kind: "error", code, message: "because" } });
    expect(await failureOf(publisher.publish({ topic, messages: [MESSAGE] }, BUDGET))).toEqual({
      code: number,
      text: "because",
    });
    expect(emulator.pubsub.subscriptions()[0]?.messages).toEqual([]);
    expect(emulator.log.entries().at(-1)).toMatchObject({
      operation: "Publish",
      queue: "orders",
      outcome: "error",
      status: number,
      errorCode: code,
      faults: ["fault-1"],
    });
  });

  test("a publish that is taken although it failed is published twice by the client's retry", async () => {
    const { emulator, pubsub, createPair } = await runPubsub(library);
    await createPair();
    emulator.faults.add({
      operation: "Publish",
      when: "after",
      count: 1,
      action: { kind: "error", code: "UNAVAILABLE" },
    });
    await pubsub.topic("orders", { batching: { maxMilliseconds: 1 } }).publishMessage(MESSAGE);
    expect(emulator.pubsub.subscriptions()[0]?.messages.map(({ id }) => id)).toEqual(["1", "2"]);
  });

  test("a connection that is reset after a publish loses the answer but not the message", async () => {
    const { emulator, publisher, createPair } = await runPubsub(library);
    await createPair();
    emulator.faults.add({ operation: "Publish", when: "after", count: 1, action: { kind: "reset" } });
    const failure = await failureOf(publisher.publish({ topic, messages: [MESSAGE] }, BUDGET));
    expect([CODES.UNAVAILABLE, CODES.INTERNAL, CODES.CANCELLED]).toContain(failure.code);
    expect(emulator.pubsub.subscriptions()[0]?.messages).toHaveLength(1);
    expect(emulator.log.entries().at(-1)?.outcome).toBe("reset");
    await publisher.publish({ topic, messages: [MESSAGE] });
  });

  test("a connection that is reset before a publish loses both", async () => {
    const { emulator, publisher, createPair } = await runPubsub(library);
    await createPair();
    emulator.faults.add({ operation: "Publish", count: 1, action: { kind: "reset" } });
    await failureOf(publisher.publish({ topic, messages: [MESSAGE] }, BUDGET));
    expect(emulator.pubsub.subscriptions()[0]?.messages).toEqual([]);
  });

  test("a call that is held ends with the client's deadline", async () => {
    const { emulator, publisher, createPair } = await runPubsub(library);
    await createPair();
    // The deadline is for the answer, not for the connection.
    await publisher.getTopic({ topic });
    emulator.faults.add({ operation: "Publish", action: { kind: "hold" } });
    const publishing = publisher.publish({ topic, messages: [MESSAGE] }, SHORT);
    expect((await failureOf(publishing)).code).toBe(CODES.DEADLINE_EXCEEDED);
    expect(emulator.log.entries().at(-1)?.outcome).toBe("held");
  });

  test("on a half-open connection nothing is answered, whatever the call", async () => {
    const { emulator, publisher, createPair } = await runPubsub(library);
    await createPair();
    await publisher.getTopic({ topic });
    emulator.faults.add({ operation: "Publish", count: 1, action: { kind: "halfOpen" } });
    const publishing = publisher.publish({ topic, messages: [MESSAGE] }, SHORT);
    expect((await failureOf(publishing)).code).toBe(CODES.DEADLINE_EXCEEDED);
    expect((await failureOf(publisher.getTopic({ topic }, SHORT))).code).toBe(CODES.DEADLINE_EXCEEDED);
    expect(emulator.log.entries().at(-1)?.outcome).toBe("held");
  });

  test("a deadline of years, as Python's client sets for messages with a key, is not over at once", async () => {
    const { emulator, publisher, createPair } = await runPubsub(library);
    await createPair();
    emulator.faults.add({ operation: "Publish", action: { kind: "delay", ms: 50 } });
    const years = { timeout: 27_000 * 3_600_000, retry: null };
    await publisher.publish({ topic, messages: [MESSAGE] }, years);
    expect(emulator.pubsub.subscriptions()[0]?.messages).toHaveLength(1);
  });

  test("a delay passes in engine time", async () => {
    const { emulator, publisher, createPair } = await runPubsub(library, { clock: "manual" });
    await createPair();
    emulator.faults.add({ operation: "Publish", action: { kind: "delay", ms: 60_000 } });
    const publishing = publisher.publish({ topic, messages: [MESSAGE] }, BUDGET);
    await until(() => emulator.log.count("Publish") === 1);
    await emulator.clock.advance(59_999);
    expect(emulator.pubsub.subscriptions()[0]?.messages).toEqual([]);
    await emulator.clock.advance(1);
    await publishing;
  });

  test("after a goaway the client goes on over another connection", async () => {
    const { emulator, publisher, createPair } = await runPubsub(library);
    await createPair();
    emulator.faults.add({ operation: "Publish", count: 1, action: { kind: "goaway" } });
    await publisher.publish({ topic, messages: [MESSAGE] }, BUDGET);
    await publisher.publish({ topic, messages: [MESSAGE] }, BUDGET);
    expect(emulator.pubsub.subscriptions()[0]?.messages).toHaveLength(2);
  });

  test("a rule can tell calls apart by the text of a message and by the entity", async () => {
    const { emulator, publisher, createPair } = await runPubsub(library);
    await createPair();
    emulator.faults.add({
      protocol: "pubsub",
      queue: "ord*",
      match: { bodyContains: "poison", wire: "grpc", region: "test-project" },
      action: { kind: "error", code: "INTERNAL" },
    });
    await publisher.publish({ topic, messages: [MESSAGE] }, BUDGET);
    const poison = { data: Buffer.from("a poison pill") };
    expect((await failureOf(publisher.publish({ topic, messages: [poison] }, BUDGET))).code).toBe(13);
  });

  test.each([
    ["before", "PERMANENT_FAILURE_INVALID_ACK_ID", 1],
    ["after", "TRANSIENT_FAILURE_UNORDERED_ACK_ID", 0],
  ] as const)("an ack fails in part, %s it is carried out", async (when, code, left) => {
    const running = await runPubsub(library);
    await running.createPair({ enableExactlyOnceDelivery: true });
    await running.publish("a", "b");
    const [first, second] = await pullNow(running, NAME);
    running.emulator.faults.add({
      operation: "Acknowledge",
      when,
      action: { kind: "partialAck", entries: [1], code },
    });
    const ackIds = [first?.ackId ?? "", second?.ackId ?? ""];
    const acking = running.subscriber.acknowledge({ subscription: NAME, ackIds }, BUDGET);
    await expect(acking).rejects.toMatchObject({ code: 3, errorInfoMetadata: { [ackIds[1] ?? ""]: code } });
    expect(running.emulator.pubsub.subscriptions()[0]?.messages).toHaveLength(left);
  });

  test("a lease runs out just before its ack", async () => {
    const running = await runPubsub(library);
    await running.createPair();
    await running.publish("a");
    const [message] = await pullNow(running, NAME);
    running.emulator.faults.add({ operation: "Acknowledge", action: { kind: "expireLease" } });
    await running.subscriber.acknowledge({ subscription: NAME, ackIds: [message?.ackId ?? ""] });
    expect(bodiesOf(await pullNow(running, NAME))).toEqual(["a"]);
  });

  test("pulled messages come again at once, in another order, with wrong times", async () => {
    const running = await runPubsub(library);
    await running.createPair();
    const bodies = Array.from({ length: 10 }, (_value, index) => String(index));
    await running.publish(...bodies);
    running.emulator.faults.add({ operation: "Pull", count: 1, action: { kind: "duplicate" } });
    running.emulator.faults.add({ operation: "Pull", count: 1, action: { kind: "shuffle" } });
    running.emulator.faults.add({ operation: "Pull", action: { kind: "clockSkew", skewMs: -3_600_000 } });
    const first = bodiesOf(await pullNow(running, NAME));
    expect(first).not.toEqual(bodies);
    expect(first.toSorted()).toEqual(bodies);
    const [{ receivedMessages }] = await running.subscriber.pull(
      { subscription: NAME, maxMessages: 10 },
      BUDGET,
    );
    expect(receivedMessages).toHaveLength(10);
    const seconds = Number(receivedMessages?.[0]?.message?.publishTime?.seconds);
    expect(Math.abs(seconds + 3600 - Date.now() / 1000)).toBeLessThan(10);
  });
});
