import { codeOf, type World } from "./driven-server.ts";
import { scenario, type Scenario } from "./scenario.ts";

async function createCode(world: World, id: string): Promise<string> {
  return await codeOf(world.topic(id));
}

export const TOPIC_SCENARIOS: readonly Scenario[] = [
  scenario("a topic is created, found and deleted", ["OK", "OK", "OK", "NOT_FOUND"], async (world) => {
    const { publisher } = world.server;
    const topic = world.topicName();
    return [
      await createCode(world, "orders"),
      await codeOf(publisher.getTopic({ topic }, world.options)),
      await codeOf(publisher.deleteTopic({ topic }, world.options)),
      await codeOf(publisher.getTopic({ topic }, world.options)),
    ];
  }),
  scenario("a topic's name is taken once", ["OK", "ALREADY_EXISTS"], async (world) => [
    await createCode(world, "orders"),
    await createCode(world, "orders"),
  ]),
  scenario("a topic that is missing cannot be deleted", "NOT_FOUND", async (world) => {
    const request = { topic: world.topicName("missing") };
    return await codeOf(world.server.publisher.deleteTopic(request, world.options));
  }),
  scenario(
    "names of topics follow the rules",
    {
      ab: "INVALID_ARGUMENT",
      "1abc": "INVALID_ARGUMENT",
      "goog-orders": "INVALID_ARGUMENT",
      long: "INVALID_ARGUMENT",
      "a.b_c~d+e%f-g": "OK",
      longest: "OK",
    },
    async (world) => ({
      ab: await createCode(world, "ab"),
      "1abc": await createCode(world, "1abc"),
      "goog-orders": await createCode(world, "goog-orders"),
      long: await createCode(world, "a".repeat(256)),
      "a.b_c~d+e%f-g": await createCode(world, "a.b_c~d+e%f-g"),
      longest: await createCode(world, "a".repeat(255)),
    }),
  ),
  scenario("topics are listed in pages", { all: 5, firstPage: 2, hasMore: true }, async (world) => {
    for (const id of ["t-0", "t-1", "t-2", "t-3", "t-4"]) await world.topic(id);
    const { publisher } = world.server;
    const [all] = await publisher.listTopics({ project: world.project }, world.options);
    const [page, , raw] = await publisher.listTopics(
      { project: world.project, pageSize: 2 },
      { ...world.options, autoPaginate: false },
    );
    return { all: all.length, firstPage: page.length, hasMore: (raw.nextPageToken ?? "") !== "" };
  }),
  scenario("labels are updated by mask", { a: "2" }, async (world) => {
    const { publisher } = world.server;
    await publisher.createTopic({ name: world.topicName(), labels: { a: "1" } }, world.options);
    const topic = { name: world.topicName(), labels: { a: "2" } };
    await publisher.updateTopic({ topic, updateMask: { paths: ["labels"] } }, world.options);
    const [now] = await publisher.getTopic({ topic: world.topicName() }, world.options);
    return now.labels;
  }),
  scenario(
    "an update needs a mask, and names what there is",
    ["INVALID_ARGUMENT", "INVALID_ARGUMENT"],
    async (world) => {
      await world.topic();
      const { publisher } = world.server;
      const topic = { name: world.topicName(), labels: { a: "2" } };
      return [
        await codeOf(publisher.updateTopic({ topic, updateMask: { paths: [] } }, world.options)),
        await codeOf(publisher.updateTopic({ topic, updateMask: { paths: ["nonsense"] } }, world.options)),
      ];
    },
  ),
  scenario("a topic lists its subscriptions", ["a-sub", "b-sub"], async (world) => {
    await world.topic();
    await world.subscribe({}, "a-sub");
    await world.subscribe({}, "b-sub");
    const [names] = await world.server.publisher.listTopicSubscriptions(
      { topic: world.topicName() },
      world.options,
    );
    return names.map((name) => name.slice(name.lastIndexOf("/") + 1)).toSorted();
  }),
  scenario("the subscriptions of a deleted topic stay and say so", "_deleted-topic_", async (world) => {
    await world.pair();
    await world.server.publisher.deleteTopic({ topic: world.topicName() }, world.options);
    const [settings] = await world.server.subscriber.getSubscription(
      { subscription: world.subscriptionName() },
      world.options,
    );
    return settings.topic;
  }),
  scenario("a missing topic is named in the error", true, async (world) => {
    const { publisher } = world.server;
    try {
      await publisher.getTopic({ topic: world.topicName("missing") }, world.options);
      return false;
    } catch (error) {
      return String(error).includes("missing");
    }
  }),
];
