import type { OpenStream } from "../../../support/open-stream.ts";
import { becomes, codeOf, gotOf, later, sortedTextsOf, textsOf } from "./driven-server.ts";
import { scenario, type Scenario } from "./scenario.ts";
import { status } from "@grpc/grpc-js";

const VERSION_1 = { protocolVersion: 1 } as object;

const endOf = async (stream: OpenStream): Promise<string | undefined> => {
  await becomes(() => stream.error !== undefined || stream.hasEnded);
  if (stream.error !== undefined) return status[stream.error.code ?? -1];
  return stream.hasEnded ? "OK" : "still open";
};

const messagesOf = (stream: OpenStream): readonly string[] => sortedTextsOf(stream.messages.map(gotOf));

export const STREAM_SCENARIOS: readonly Scenario[] = [
  scenario("a stream brings what is there and what comes", ["a", "b"], async (world) => {
    await world.pair();
    await world.publish("a");
    const stream = world.stream();
    await becomes(() => stream.messages.length === 1);
    await world.publish("b");
    await becomes(() => stream.messages.length === 2);
    stream.cancel();
    return messagesOf(stream);
  }),
  scenario(
    "a stream on a missing subscription ends",
    "NOT_FOUND",
    async (world) => await endOf(world.stream({}, "missing")),
  ),
  scenario("a stream on a detached subscription ends", "FAILED_PRECONDITION", async (world) => {
    await world.pair();
    await world.server.publisher.detachSubscription(
      { subscription: world.subscriptionName() },
      world.options,
    );
    return await endOf(world.stream());
  }),
  scenario("a stream ends when its subscription is deleted", "NOT_FOUND", async (world) => {
    await world.pair();
    const stream = world.stream();
    await later(300);
    await world.server.subscriber.deleteSubscription(
      { subscription: world.subscriptionName() },
      world.options,
    );
    return await endOf(stream);
  }),
  scenario(
    "a stream's deadline is from 10 s to 600 s",
    ["INVALID_ARGUMENT", "INVALID_ARGUMENT"],
    async (world) => {
      await world.pair();
      return [
        await endOf(world.stream({ streamAckDeadlineSeconds: 9 })),
        await endOf(world.stream({ streamAckDeadlineSeconds: 601 })),
      ];
    },
  ),
  scenario("a stream's subscription is named once", "INVALID_ARGUMENT", async (world) => {
    await world.pair();
    const stream = world.stream();
    stream.write({ subscription: world.subscriptionName() });
    return await endOf(stream);
  }),
  scenario("a keepalive is answered", true, async (world) => {
    await world.pair();
    const stream = world.stream(VERSION_1);
    await later(300);
    const before = stream.responses.length;
    stream.write({});
    const isAnswered = await becomes(() => stream.responses.length > before, 2_000);
    stream.cancel();
    return isAnswered;
  }),
  scenario("a stream tells what its subscription is", { once: true, ordered: true }, async (world) => {
    await world.pair({ enableExactlyOnceDelivery: true, enableMessageOrdering: true });
    await world.publish("a");
    const stream = world.stream(VERSION_1);
    await becomes(() => stream.messages.length === 1);
    stream.cancel();
    const told = stream.responses.find(({ receivedMessages }) => (receivedMessages ?? []).length > 0);
    const { exactlyOnceDeliveryEnabled, messageOrderingEnabled } = told?.subscriptionProperties ?? {};
    return { once: exactlyOnceDeliveryEnabled, ordered: messageOrderingEnabled };
  }),
  scenario(
    "a stream holds no more than it was opened for, until an ack makes room",
    [2, 3],
    async (world) => {
      await world.pair();
      await world.publish("a", "b", "c", "d");
      const stream = world.stream({ maxOutstandingMessages: 2 });
      await becomes(() => stream.messages.length >= 2);
      await later(500);
      const held = stream.messages.length;
      await world.ack(stream.messages.slice(0, 1).map(gotOf));
      await becomes(() => stream.messages.length >= 3);
      await later(300);
      stream.cancel();
      return [held, stream.messages.length];
    },
  ),
  scenario("what a stream acknowledges does not come back", [], async (world) => {
    await world.pair();
    await world.publish("a");
    const stream = world.stream();
    await becomes(() => stream.messages.length === 1);
    stream.write({ ackIds: stream.messages.map(({ ackId }) => ackId ?? "") });
    await later(500);
    stream.cancel();
    await later(200);
    return textsOf(await world.pullNow());
  }),
  scenario("what a stream gives back comes again", 2, async (world) => {
    await world.pair();
    await world.publish("a");
    const stream = world.stream();
    await becomes(() => stream.messages.length === 1);
    const modifyDeadlineAckIds = stream.messages.map(({ ackId }) => ackId ?? "");
    stream.write({ modifyDeadlineAckIds, modifyDeadlineSeconds: [0] });
    await becomes(() => stream.messages.length === 2);
    stream.cancel();
    return stream.messages.length;
  }),
  scenario(
    "on a stream what follows a failed message of its key comes again after it",
    ["1", "2", "1", "2"],
    async (world) => {
      await world.pair({ enableMessageOrdering: true });
      await world.send(["1", "2"].map((text) => ({ data: Buffer.from(text), orderingKey: "k" })));
      const stream = world.stream();
      await becomes(() => stream.messages.length === 2);
      await world.deadline(stream.messages.slice(0, 1).map(gotOf), 0);
      await becomes(() => stream.messages.length > 2);
      await world.ack(stream.messages.slice(2, 3).map(gotOf));
      await becomes(() => stream.messages.length > 3);
      stream.cancel();
      return textsOf(stream.messages.map(gotOf));
    },
  ),
  scenario("a stream on a push subscription is refused", "FAILED_PRECONDITION", async (world) => {
    await world.pair({ pushConfig: { pushEndpoint: "http://127.0.0.1:9/nobody" } });
    return await endOf(world.stream());
  }),
  scenario("a push subscription becomes one for pulls", "OK", async (world) => {
    await world.pair({ pushConfig: { pushEndpoint: "http://127.0.0.1:9/nobody" } });
    const request = { subscription: world.subscriptionName(), pushConfig: {} };
    await world.server.subscriber.modifyPushConfig(request, world.options);
    return await codeOf(world.pullNow());
  }),
];
