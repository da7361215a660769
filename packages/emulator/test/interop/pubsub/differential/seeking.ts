import { codeOf, later, sortedTextsOf, textsOf, type World } from "./driven-server.ts";
import { scenario, type Scenario } from "./scenario.ts";

const RETAINING = { retainAckedMessages: true } as const;

async function seek(world: World, target: object, id = "orders"): Promise<void> {
  await world.server.subscriber.seek({ subscription: world.subscriptionName(id), ...target }, world.options);
}

const at = (ms: number): object => ({
  time: { seconds: Math.floor(ms / 1_000), nanos: Math.floor(ms % 1_000) * 1_000_000 },
});

async function snapshot(world: World, id: string, of = "orders"): Promise<void> {
  const request = { name: world.snapshotName(id), subscription: world.subscriptionName(of) };
  await world.server.subscriber.createSnapshot(request, world.options);
}

export const SEEK_SCENARIOS: readonly Scenario[] = [
  scenario("a seek to the present settles all that is there, leased or not", [], async (world) => {
    await world.pair();
    await world.publish("a", "b");
    const got = await world.pull(1);
    await later(20);
    await seek(world, at(Date.now()));
    await world.deadline(got, 0);
    await later(200);
    return textsOf(await world.pullNow());
  }),
  scenario("a seek back brings again what was retained", ["a"], async (world) => {
    await world.pair(RETAINING);
    const beforeMs = Date.now() - 1_000;
    await world.publish("a");
    await world.ack(await world.pull(1));
    await seek(world, at(beforeMs));
    return textsOf(await world.pull(1));
  }),
  scenario("a seek back brings nothing that was not", [], async (world) => {
    await world.pair();
    const beforeMs = Date.now() - 1_000;
    await world.publish("a");
    await world.ack(await world.pull(1));
    await seek(world, at(beforeMs));
    await later(200);
    return textsOf(await world.pullNow());
  }),
  scenario("a snapshot holds what was open, and what comes later", ["b", "c"], async (world) => {
    await world.pair();
    await world.publish("a", "b");
    const both = await world.pull(2);
    await world.ack(both.filter(({ text }) => text === "a"));
    await snapshot(world, "middle");
    await world.ack(both.filter(({ text }) => text === "b"));
    await world.publish("c");
    await world.ack(await world.pull(1));
    await seek(world, { snapshot: world.snapshotName("middle") });
    return sortedTextsOf(await world.pull(2));
  }),
  scenario(
    "another subscription of the topic can seek to a snapshot, one of another topic cannot",
    [["a"], "FAILED_PRECONDITION"],
    async (world) => {
      await world.pair();
      await world.subscribe({}, "second");
      await world.topic("other");
      await world.subscribe({}, "stranger", "other");
      await world.publish("a");
      await snapshot(world, "before");
      await world.ack(await world.pull(1, "second"), "second");
      await seek(world, { snapshot: world.snapshotName("before") }, "second");
      return [
        textsOf(await world.pull(1, "second")),
        await codeOf(seek(world, { snapshot: world.snapshotName("before") }, "stranger")),
      ];
    },
  ),
  scenario(
    "snapshots are listed, found and deleted, each name once",
    [1, "OK", "ALREADY_EXISTS", "OK", "NOT_FOUND"],
    async (world) => {
      await world.pair();
      await snapshot(world, "one");
      const { subscriber } = world.server;
      const [list] = await subscriber.listSnapshots({ project: world.project }, world.options);
      const name = { snapshot: world.snapshotName("one") };
      return [
        list.length,
        await codeOf(subscriber.getSnapshot(name, world.options)),
        await codeOf(snapshot(world, "one")),
        await codeOf(subscriber.deleteSnapshot(name, world.options)),
        await codeOf(subscriber.getSnapshot(name, world.options)),
      ];
    },
  ),
  scenario("a snapshot lives for seven days less what is old already", true, async (world) => {
    await world.pair();
    const request = { name: world.snapshotName("one"), subscription: world.subscriptionName() };
    const [{ expireTime }] = await world.server.subscriber.createSnapshot(request, world.options);
    const leftMs = Number(expireTime?.seconds ?? 0) * 1_000 - Date.now();
    return Math.abs(leftMs - 7 * 86_400_000) < 60_000;
  }),
  scenario(
    "a seek needs a target, and one that is there",
    ["INVALID_ARGUMENT", "NOT_FOUND", "NOT_FOUND"],
    async (world) => {
      await world.pair();
      return [
        await codeOf(seek(world, {})),
        await codeOf(seek(world, { snapshot: world.snapshotName("missing") })),
        await codeOf(seek(world, at(Date.now()), "missing")),
      ];
    },
  ),
];
