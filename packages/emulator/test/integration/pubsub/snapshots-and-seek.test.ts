import { describe, expect, test } from "vitest";
import {
  bodiesOf,
  BUDGET,
  failureOf,
  PROJECT,
  pullNow,
  PUBSUB_LIBRARIES,
  runPubsub,
  snapshotName,
  topicName,
  type RunningPubsub,
} from "../../support/running-pubsub.ts";

const DAY_MS = 86_400_000;

describe.each(PUBSUB_LIBRARIES)("snapshots and seek, with the client $version", (library) => {
  test("a seek to now empties a subscription, leased messages too", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair();
    await running.publish("a", "b");
    await pullNow(running, name, 1);
    await running.emulator.clock.advance(1000);
    await running.pubsub.subscription("orders-sub").seek(new Date());
    expect(running.emulator.pubsub.subscriptions()[0]).toMatchObject({ available: 0, outstanding: 0 });
  });

  test("a seek back brings acknowledged messages again where they are retained", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair({ retainAckedMessages: true });
    await running.publish("a");
    await running.emulator.clock.advance(60_000);
    await running.publish("b");
    await acknowledgeAll(running, name);
    await running.pubsub.subscription("orders-sub").seek(new Date(Date.now() - 30_000));
    expect(bodiesOf(await pullNow(running, name))).toEqual(["b"]);
    await running.pubsub.subscription("orders-sub").seek(new Date(Date.now() - 90_000));
    await running.emulator.clock.advance(10_000);
    expect(bodiesOf(await pullNow(running, name))).toEqual(["a", "b"]);
  });

  test("a seek back brings nothing where acknowledged messages are not retained", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair();
    await running.publish("a");
    await acknowledgeAll(running, name);
    await running.pubsub.subscription("orders-sub").seek(new Date(Date.now() - 60_000));
    expect(await pullNow(running, name)).toEqual([]);
  });

  test("a topic's own retention lets a subscription go back to before it was made", async () => {
    const running = await runPubsub(library);
    const topic = topicName("orders");
    await running.publisher.createTopic({ name: topic, messageRetentionDuration: { seconds: 3600 } });
    await running.publish("a");
    expect(running.emulator.pubsub.topics()[0]?.retained).toBe(1);
    const [subscription] = await running.pubsub.topic("orders").createSubscription("orders-sub");
    await subscription.seek(new Date(Date.now() - 60_000));
    expect(bodiesOf(await pullNow(running, subscription.name))).toEqual(["a"]);
    await running.emulator.clock.advance(3_601_000);
    expect(running.emulator.pubsub.topics()[0]?.retained).toBe(0);
  });

  test("a snapshot holds what was open and all that came later, but not what was done", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair();
    await running.publish("done", "open");
    const [done] = await pullNow(running, name, 1);
    await running.subscriber.acknowledge({ subscription: name, ackIds: [done?.ackId ?? ""] });
    const [snapshot] = await running.pubsub.subscription("orders-sub").createSnapshot("before");
    await running.publish("later");
    await acknowledgeAll(running, name);
    expect(await pullNow(running, name)).toEqual([]);
    await running.pubsub.subscription("orders-sub").seek("before");
    expect(bodiesOf(await pullNow(running, name))).toEqual(["open", "later"]);
    expect(snapshot.name).toBe(snapshotName("before"));
  });

  test("another subscription of the topic can seek to a snapshot, one of another topic cannot", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair();
    await running.publish("a");
    await running.subscriber.createSnapshot({ name: snapshotName("before"), subscription: name });
    const [sister] = await running.pubsub.topic("orders").createSubscription("sister");
    await sister.seek(snapshotName("before"));
    expect(bodiesOf(await pullNow(running, sister.name))).toEqual(["a"]);
    const [elsewhere] = await running.pubsub.createTopic("elsewhere");
    const [stranger] = await elsewhere.createSubscription("stranger");
    const request = { subscription: stranger.name, snapshot: snapshotName("before") };
    expect((await failureOf(running.subscriber.seek(request, BUDGET))).code).toBe(9);
  });

  test("a snapshot expires seven days after its oldest message", async () => {
    const running = await runPubsub(library, { clock: "manual" });
    const { name } = await running.createPair();
    await running.publish("a");
    await running.emulator.clock.advance(2 * DAY_MS);
    const request = { name: snapshotName("before"), subscription: name };
    const [snapshot] = await running.subscriber.createSnapshot(request);
    const lifeMs = Number(snapshot.expireTime?.seconds) * 1000 - Date.now();
    expect(Math.abs(lifeMs - 5 * DAY_MS)).toBeLessThan(10_000);
    await running.emulator.clock.advance(5 * DAY_MS);
    const found = running.subscriber.getSnapshot({ snapshot: snapshotName("before") }, BUDGET);
    expect((await failureOf(found)).code).toBe(5);
  });

  test("a snapshot that would live for less than an hour is refused", async () => {
    const running = await runPubsub(library);
    const { name } = await running.createPair();
    await running.publish("a");
    await running.emulator.clock.advance(7 * DAY_MS - 30 * 60_000);
    const request = { name: snapshotName("before"), subscription: name };
    expect(await failureOf(running.subscriber.createSnapshot(request, BUDGET))).toEqual({
      code: 9,
      text: "The snapshot would expire in less than 1 hour after creation.",
    });
  });

  test("snapshots are listed, relabelled and deleted", async () => {
    const { subscriber, createPair } = await runPubsub(library);
    const { topic, name } = await createPair();
    const snapshot = snapshotName("before");
    await subscriber.createSnapshot({ name: snapshot, subscription: name, labels: { team: "a" } });
    const [updated] = await subscriber.updateSnapshot({
      snapshot: { name: snapshot, labels: { team: "b" } },
      updateMask: { paths: ["labels"] },
    });
    expect(updated).toMatchObject({ name: snapshot, topic, labels: { team: "b" } });
    const [listed] = await subscriber.listSnapshots({ project: `projects/${PROJECT}` });
    expect(listed.map((one) => one.name)).toEqual([snapshot]);
    const again = subscriber.createSnapshot({ name: snapshot, subscription: name }, BUDGET);
    expect((await failureOf(again)).code).toBe(6);
    await subscriber.deleteSnapshot({ snapshot });
    expect((await failureOf(subscriber.deleteSnapshot({ snapshot }, BUDGET))).code).toBe(5);
  });

  test("a seek without a target is refused, and so is one on what is not there", async () => {
    const { subscriber, createPair } = await runPubsub(library);
    const { name } = await createPair();
    const without = await failureOf(subscriber.seek({ subscription: name }, BUDGET));
    const missing = { subscription: name, snapshot: snapshotName("missing") };
    expect(without).toEqual({ code: 3, text: "The SeekRequest must have a target: a time or a snapshot." });
    expect((await failureOf(subscriber.seek(missing, BUDGET))).code).toBe(5);
  });
});

async function acknowledgeAll(running: RunningPubsub, subscription: string): Promise<void> {
  const ackIds = (await pullNow(running, subscription)).map(({ ackId }) => ackId);
  await running.subscriber.acknowledge({ subscription, ackIds });
}
