import type { Message } from "@google-cloud/pubsub";
import { describe, expect, test } from "vitest";
import { openStream } from "../../support/open-stream.ts";
import { until } from "../../support/running-emulator.ts";
import { BUDGET, bodiesOf, pullNow, PUBSUB_LIBRARIES, runPubsub } from "../../support/running-pubsub.ts";

const EXACTLY_ONCE = { enableExactlyOnceDelivery: true };
const TEXT =
  "Some acknowledgement ids in the request were invalid. This could be because the acknowledgement ids have expired or the acknowledgement ids were malformed.";
const INVALID = "PERMANENT_FAILURE_INVALID_ACK_ID";

describe.each(PUBSUB_LIBRARIES)("exactly-once delivery, with the client $version", (library) => {
  test("an ack is confirmed to the high-level client", async () => {
    const { pubsub, createPair, publish, emulator } = await runPubsub(library);
    await createPair(EXACTLY_ONCE);
    const message = firstMessage(pubsub.subscription("orders-sub"));
    await publish("a");
    expect(await (await message).ackWithResponse()).toBe("SUCCESS");
    expect(emulator.pubsub.subscriptions()[0]?.messages).toEqual([]);
  });

  test("an ack whose lease has run out is refused to the high-level client", async () => {
    const { pubsub, createPair, publish, emulator } = await runPubsub(library);
    await createPair(EXACTLY_ONCE);
    const subscription = pubsub.subscription("orders-sub");
    const message = firstMessage(subscription);
    await publish("a");
    const got = await message;
    await emulator.clock.advance(600_000);
    await expect(got.ackWithResponse()).rejects.toMatchObject({ errorCode: "INVALID" });
  });

  test("each failed id is named with its reason, and the good ones are done", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair(EXACTLY_ONCE);
    await running.publish("a", "b");
    const [first, second] = await pullNow(running, name);
    const good = first?.ackId ?? "";
    const given = second?.ackId ?? "";
    await running.subscriber.modifyAckDeadline({
      subscription: name,
      ackIds: [given],
      ackDeadlineSeconds: 0,
    });
    const acking = running.subscriber.acknowledge(
      { subscription: name, ackIds: [good, given, "malformed"] },
      BUDGET,
    );
    await expect(acking).rejects.toMatchObject({
      code: 3,
      details: TEXT,
      reason: "EXACTLY_ONCE_ACKID_FAILURE",
      domain: "pubsub.googleapis.com",
      errorInfoMetadata: { [given]: INVALID, malformed: INVALID },
    });
    expect(bodiesOf(await pullNow(running, name))).toEqual(["b"]);
  });

  test("a second ack of the same id is refused", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair(EXACTLY_ONCE);
    await running.publish("a");
    const [message] = await pullNow(running, name);
    const ackIds = [message?.ackId ?? ""];
    await running.subscriber.acknowledge({ subscription: name, ackIds });
    await expect(
      running.subscriber.acknowledge({ subscription: name, ackIds }, BUDGET),
    ).rejects.toMatchObject({
      errorInfoMetadata: { [ackIds[0] ?? ""]: INVALID },
    });
  });

  test("a deadline of a lease that has run out is refused", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair(EXACTLY_ONCE);
    await running.publish("a");
    const [message] = await pullNow(running, name);
    await running.emulator.clock.advance(10_000);
    const request = { subscription: name, ackIds: [message?.ackId ?? ""], ackDeadlineSeconds: 30 };
    await expect(running.subscriber.modifyAckDeadline(request, BUDGET)).rejects.toMatchObject({
      code: 3,
      reason: "EXACTLY_ONCE_ACKID_FAILURE",
    });
  });

  test("the receipt of a message extends its lease to the client's own deadline", async () => {
    const { pubsub, createPair, publish, emulator } = await runPubsub(library);
    await createPair(EXACTLY_ONCE);
    const message = firstMessage(pubsub.subscription("orders-sub"));
    await publish("a");
    const got = await message;
    await emulator.clock.advance(50_000);
    expect(emulator.pubsub.subscriptions()[0]?.messages[0]).toMatchObject({ state: "leased", failures: 0 });
    expect(await got.ackWithResponse()).toBe("SUCCESS");
  });

  test("acks and deadlines on a stream are confirmed, one by one", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair(EXACTLY_ONCE);
    await running.publish("a", "b");
    const stream = openStream(running.subscriber, name);
    await until(() => stream.messages.length === 2);
    const [first = "", second = ""] = stream.messages.map(({ ackId }) => ackId ?? "");
    stream.write({ ackIds: [first], modifyDeadlineAckIds: [second], modifyDeadlineSeconds: [60] });
    await until(() => stream.responses.some(({ acknowledgeConfirmation }) => acknowledgeConfirmation));
    const confirmed = stream.responses.find(({ acknowledgeConfirmation }) => acknowledgeConfirmation);
    expect(confirmed?.acknowledgeConfirmation).toMatchObject({ ackIds: [first], invalidAckIds: [] });
    expect(confirmed?.modifyAckDeadlineConfirmation).toMatchObject({ ackIds: [second], invalidAckIds: [] });
    stream.write({ ackIds: [first] });
    await until(() =>
      stream.responses.some(({ acknowledgeConfirmation }) => acknowledgeConfirmation?.invalidAckIds?.length),
    );
  });

  test("the switch takes effect on a subscription that is in use", async () => {
    const running = await runPubsub(library);
    const { topic, name } = await running.createPair();
    await running.publish("a");
    const [message] = await pullNow(running, name);
    await running.emulator.clock.advance(10_000);
    const ackIds = [message?.ackId ?? ""];
    await running.subscriber.acknowledge({ subscription: name, ackIds });
    await running.subscriber.updateSubscription({
      subscription: { name, topic, enableExactlyOnceDelivery: true },
      updateMask: { paths: ["enable_exactly_once_delivery"] },
    });
    await expect(
      running.subscriber.acknowledge({ subscription: name, ackIds }, BUDGET),
    ).rejects.toMatchObject({
      code: 3,
    });
  });
});

function firstMessage(subscription: {
  on(event: "message", listener: (message: Message) => void): unknown;
}): Promise<Message> {
  return new Promise((resolve) => {
    subscription.on("message", resolve);
  });
}
