import { describe, expect, test } from "vitest";
import { until } from "../../support/running-emulator.ts";
import {
  bodiesOf,
  BUDGET,
  failureOf,
  pullNow,
  PUBSUB_LIBRARIES,
  runPubsub,
  subscriptionName,
} from "../../support/running-pubsub.ts";

describe.each(PUBSUB_LIBRARIES)("pull, with the client $version", (library) => {
  test("an immediate pull of nothing is empty", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair();
    expect(await pullNow(running, name)).toEqual([]);
  });

  test("a pull waits for the first message and then returns at once", async () => {
    const { subscriber, emulator, createPair, publish } = await runPubsub(library);
    const { name } = await createPair();
    const pulling = subscriber.pull({ subscription: name, maxMessages: 10 }, BUDGET);
    await until(() => emulator.pubsub.subscriptions()[0]?.consumers.length === 1);
    await publish("a", "b");
    const [{ receivedMessages }] = await pulling;
    expect(receivedMessages).toHaveLength(2);
  });

  test("a pull of nothing ends with the client's deadline and leaves no trace", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair();
    const request = { subscription: name, maxMessages: 10 };
    const failure = await failureOf(running.subscriber.pull(request, { timeout: 150, retry: null }));
    expect(failure.code).toBe(4);
    await until(() => running.emulator.pubsub.subscriptions()[0]?.consumers.length === 0);
    await running.publish("a");
    expect(bodiesOf(await pullNow(running, name))).toEqual(["a"]);
  });

  test("a pull of nothing without a client deadline ends empty after a while", async () => {
    const { subscriber, emulator, createPair } = await runPubsub(library);
    const { name } = await createPair();
    const pulling = subscriber.pull({ subscription: name, maxMessages: 10 }, BUDGET);
    await until(() => emulator.pubsub.subscriptions()[0]?.consumers.length === 1);
    await emulator.clock.advance(90_000);
    expect((await pulling)[0].receivedMessages).toEqual([]);
  });

  test("a pull gives at most as many messages as it was asked for", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair();
    await running.publish("a", "b", "c");
    expect(bodiesOf(await pullNow(running, name, 2))).toEqual(["a", "b"]);
    expect(bodiesOf(await pullNow(running, name, 2))).toEqual(["c"]);
  });

  test.each([0, -1])("a pull of %i messages is refused", async (maxMessages) => {
    const { subscriber, createPair } = await runPubsub(library);
    const { name } = await createPair();
    const failure = await failureOf(subscriber.pull({ subscription: name, maxMessages }, BUDGET));
    expect(failure.code).toBe(3);
    expect(failure.text).toContain("The value for max_messages must be greater than 0.");
  });

  test("an acknowledged message does not come back", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair();
    await running.publish("a");
    const [message] = await pullNow(running, name);
    await running.subscriber.acknowledge({ subscription: name, ackIds: [message?.ackId ?? ""] });
    await running.emulator.clock.advance(700_000);
    expect(await pullNow(running, name)).toEqual([]);
  });

  test("a message that is not acknowledged comes back after the deadline, with another ack id", async () => {
    const running = await runPubsub(library, { clock: "manual" });
    const { name } = await running.createPair();
    await running.publish("a");
    const [first] = await pullNow(running, name);
    await running.emulator.clock.advance(9999);
    expect(await pullNow(running, name)).toEqual([]);
    await running.emulator.clock.advance(1);
    const [second] = await pullNow(running, name);
    expect(second?.id).toBe(first?.id);
    expect(second?.ackId).not.toBe(first?.ackId);
  });

  test("a longer deadline holds, counted from now", async () => {
    const running = await runPubsub(library, { clock: "manual" });
    const { name } = await running.createPair();
    await running.publish("a");
    const [message] = await pullNow(running, name);
    await running.emulator.clock.advance(5000);
    const ackIds = [message?.ackId ?? ""];
    await running.subscriber.modifyAckDeadline({ subscription: name, ackIds, ackDeadlineSeconds: 60 });
    await running.emulator.clock.advance(59_999);
    expect(await pullNow(running, name)).toEqual([]);
    await running.emulator.clock.advance(1);
    expect(await pullNow(running, name)).toHaveLength(1);
  });

  test("a deadline of zero gives a message back at once", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair();
    await running.publish("a");
    const [message] = await pullNow(running, name);
    const ackIds = [message?.ackId ?? ""];
    await running.subscriber.modifyAckDeadline({ subscription: name, ackIds, ackDeadlineSeconds: 0 });
    expect(bodiesOf(await pullNow(running, name))).toEqual(["a"]);
  });

  test.each([-1, 601])("a deadline of %i seconds is refused", async (ackDeadlineSeconds) => {
    const { subscriber, createPair } = await runPubsub(library);
    const { name } = await createPair();
    const request = { subscription: name, ackIds: ["a"], ackDeadlineSeconds };
    const failure = await failureOf(subscriber.modifyAckDeadline(request, BUDGET));
    expect(failure.code).toBe(3);
    expect(failure.text).toContain(`Invalid ack deadline given: (ackDeadlineSeconds=${ackDeadlineSeconds}).`);
  });

  test("an ack that comes too late is silently accepted, and the message comes again", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair();
    await running.publish("a");
    const [message] = await pullNow(running, name);
    await running.emulator.clock.advance(10_000);
    await running.subscriber.acknowledge({ subscription: name, ackIds: [message?.ackId ?? ""] });
    expect(bodiesOf(await pullNow(running, name))).toEqual(["a"]);
  });

  test("an ack id that no subscription issued is refused", async () => {
    const { subscriber, createPair } = await runPubsub(library);
    const { name } = await createPair();
    const request = { subscription: name, ackIds: ["bogus"] };
    expect(await failureOf(subscriber.acknowledge(request, BUDGET))).toEqual({
      code: 3,
      text: "You have passed an invalid ack ID to the service (ack_id=bogus).",
    });
    expect((await failureOf(subscriber.acknowledge({ subscription: name, ackIds: [] }, BUDGET))).code).toBe(
      3,
    );
  });

  test("acks of more than 512 KiB are refused", async () => {
    const { subscriber, createPair } = await runPubsub(library);
    const { name } = await createPair();
    const request = { subscription: name, ackIds: Array.from({ length: 3001 }, () => "a".repeat(175)) };
    expect(await failureOf(subscriber.acknowledge(request, BUDGET))).toEqual({
      code: 3,
      text: "Request payload size exceeds the limit: 524288 bytes.",
    });
  });

  test("calls on a subscription that is missing are not found", async () => {
    const { subscriber } = await runPubsub(library);
    const subscription = subscriptionName("missing");
    const ackIds = ["a"];
    const calls = [
      subscriber.pull({ subscription, maxMessages: 1 }, BUDGET),
      subscriber.acknowledge({ subscription, ackIds }, BUDGET),
      subscriber.modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds: 10 }, BUDGET),
      subscriber.deleteSubscription({ subscription }, BUDGET),
    ];
    const failures = await Promise.all(calls.map(failureOf));
    expect(failures.map(({ code }) => code)).toEqual([5, 5, 5, 5]);
  });

  test("a pull that waits ends when its subscription is deleted", async () => {
    const { subscriber, emulator, createPair } = await runPubsub(library);
    const { name } = await createPair();
    const pulling = failureOf(subscriber.pull({ subscription: name, maxMessages: 1 }, BUDGET));
    await until(() => emulator.pubsub.subscriptions()[0]?.consumers.length === 1);
    await subscriber.deleteSubscription({ subscription: name });
    expect((await pulling).code).toBe(5);
  });
});
