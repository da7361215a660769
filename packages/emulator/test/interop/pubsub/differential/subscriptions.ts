import type { protos } from "@google-cloud/pubsub";
import { codeOf, type World } from "./driven-server.ts";
import { scenario, type Scenario } from "./scenario.ts";

type Settings = protos.google.pubsub.v1.ISubscription;

const seconds = (duration: { readonly seconds?: unknown } | null | undefined): number =>
  Number(duration?.seconds ?? 0);

async function settingsOf(world: World): Promise<Omit<Settings, "state">> {
  const request = { subscription: world.subscriptionName() };
  const [settings] = await world.server.subscriber.getSubscription(request, world.options);
  return settings;
}

async function updateCode(world: World, change: object, ...paths: readonly string[]): Promise<string> {
  const subscription = { name: world.subscriptionName(), topic: world.topicName(), ...change };
  const request = { subscription, updateMask: { paths: [...paths] } };
  return await codeOf(world.server.subscriber.updateSubscription(request, world.options));
}

/** Codes of several creations, each with a name of its own. */
async function createCodes(
  world: World,
  settings: Readonly<Record<string, Settings>>,
): Promise<Readonly<Record<string, string>>> {
  await world.topic();
  await world.topic("dead");
  const codes: Record<string, string> = {};
  for (const [name, one] of Object.entries(settings))
    codes[name] = await codeOf(world.subscribe(one, `s-${name}`));
  return codes;
}

const letters = (world: World, maxDeliveryAttempts: number): Settings => ({
  deadLetterPolicy: { deadLetterTopic: world.topicName("dead"), maxDeliveryAttempts },
});

export const SUBSCRIPTION_SCENARIOS: readonly Scenario[] = [
  scenario("a subscription needs its topic", "NOT_FOUND", async (world) => await codeOf(world.subscribe())),
  scenario("a subscription's name is taken once", "ALREADY_EXISTS", async (world) => {
    await world.pair();
    return await codeOf(world.subscribe());
  }),
  scenario(
    "a new subscription has the service's defaults",
    {
      deadline: 10,
      retention: 604_800,
      expiry: 2_678_400,
      retain: false,
      ordered: false,
      once: false,
      filter: "",
    },
    async (world) => {
      await world.pair();
      const settings = await settingsOf(world);
      return {
        deadline: settings.ackDeadlineSeconds,
        retention: seconds(settings.messageRetentionDuration),
        expiry: seconds(settings.expirationPolicy?.ttl),
        retain: settings.retainAckedMessages,
        ordered: settings.enableMessageOrdering,
        once: settings.enableExactlyOnceDelivery,
        filter: settings.filter,
      };
    },
  ),
  scenario(
    "every setting is kept",
    {
      deadline: 30,
      retention: 1_200,
      retain: true,
      ordered: true,
      once: true,
      filter: "attributes:kind",
      attempts: 7,
      backoff: [5, 60],
      labels: { a: "b" },
    },
    async (world) => {
      await world.topic("dead");
      await world.pair({
        ackDeadlineSeconds: 30,
        messageRetentionDuration: { seconds: 1_200 },
        retainAckedMessages: true,
        enableMessageOrdering: true,
        enableExactlyOnceDelivery: true,
        filter: "attributes:kind",
        ...letters(world, 7),
        retryPolicy: { minimumBackoff: { seconds: 5 }, maximumBackoff: { seconds: 60 } },
        labels: { a: "b" },
      });
      const settings = await settingsOf(world);
      return {
        deadline: settings.ackDeadlineSeconds,
        retention: seconds(settings.messageRetentionDuration),
        retain: settings.retainAckedMessages,
        ordered: settings.enableMessageOrdering,
        once: settings.enableExactlyOnceDelivery,
        filter: settings.filter,
        attempts: settings.deadLetterPolicy?.maxDeliveryAttempts,
        backoff: [
          seconds(settings.retryPolicy?.minimumBackoff),
          seconds(settings.retryPolicy?.maximumBackoff),
        ],
        labels: settings.labels,
      };
    },
  ),
  scenario(
    "an ack deadline is from 10 s to 600 s",
    { low: "INVALID_ARGUMENT", high: "INVALID_ARGUMENT", least: "OK", most: "OK" },
    async (world) =>
      await createCodes(world, {
        low: { ackDeadlineSeconds: 9 },
        high: { ackDeadlineSeconds: 601 },
        least: { ackDeadlineSeconds: 10 },
        most: { ackDeadlineSeconds: 600 },
      }),
  ),
  scenario(
    "a retention is from ten minutes to 31 days",
    { short: "INVALID_ARGUMENT", long: "INVALID_ARGUMENT", least: "OK", most: "OK" },
    async (world) =>
      await createCodes(world, {
        short: { messageRetentionDuration: { seconds: 599 } },
        long: { messageRetentionDuration: { seconds: 31 * 86_400 + 1 } },
        least: { messageRetentionDuration: { seconds: 600 } },
        most: { messageRetentionDuration: { seconds: 31 * 86_400 }, expirationPolicy: {} },
      }),
  ),
  scenario(
    "a dead-letter policy has 5 to 100 attempts",
    { few: "INVALID_ARGUMENT", many: "INVALID_ARGUMENT", least: "OK", most: "OK" },
    async (world) =>
      await createCodes(world, {
        few: letters(world, 4),
        many: letters(world, 101),
        least: letters(world, 5),
        most: letters(world, 100),
      }),
  ),
  scenario(
    "a retry policy waits up to 600 s, and first no longer than last",
    { long: "INVALID_ARGUMENT", crossed: "INVALID_ARGUMENT", fine: "OK" },
    async (world) =>
      await createCodes(world, {
        long: { retryPolicy: { maximumBackoff: { seconds: 601 } } },
        crossed: { retryPolicy: { minimumBackoff: { seconds: 60 }, maximumBackoff: { seconds: 5 } } },
        fine: { retryPolicy: { minimumBackoff: { seconds: 5 }, maximumBackoff: { seconds: 60 } } },
      }),
  ),
  scenario(
    "a filter is parsed when a subscription is made",
    { broken: "INVALID_ARGUMENT", unknown: "INVALID_ARGUMENT", long: "INVALID_ARGUMENT", fine: "OK" },
    async (world) =>
      await createCodes(world, {
        broken: { filter: "attributes.a = " },
        unknown: { filter: 'data = "x"' },
        long: { filter: `attributes.a = "${"x".repeat(256)}"` },
        fine: { filter: 'NOT attributes:"a b" OR attributes.c != "d"' },
      }),
  ),
  scenario("an ack deadline is updated by mask, and nothing else", [45, { a: "b" }], async (world) => {
    await world.pair({ labels: { a: "b" } });
    await updateCode(world, { ackDeadlineSeconds: 45, labels: {} }, "ack_deadline_seconds");
    const { ackDeadlineSeconds, labels } = await settingsOf(world);
    return [ackDeadlineSeconds, labels];
  }),
  scenario(
    "what a subscription is cannot be changed",
    {
      filter: "INVALID_ARGUMENT",
      order: "INVALID_ARGUMENT",
      topic: "INVALID_ARGUMENT",
      unknown: "INVALID_ARGUMENT",
      nothing: "INVALID_ARGUMENT",
    },
    async (world) => {
      await world.pair();
      await world.topic("other");
      return {
        filter: await updateCode(world, { filter: "attributes:a" }, "filter"),
        order: await updateCode(world, { enableMessageOrdering: true }, "enable_message_ordering"),
        topic: await updateCode(world, { topic: world.topicName("other") }, "topic"),
        unknown: await updateCode(world, {}, "nonsense"),
        nothing: await updateCode(world, {}),
      };
    },
  ),
  scenario(
    "a missing subscription is missing, whatever is done to it",
    ["NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"],
    async (world) => {
      const { subscriber } = world.server;
      const subscription = world.subscriptionName("missing");
      const anAckId = [{ ackId: "1-1" }] as never;
      return [
        await codeOf(subscriber.getSubscription({ subscription }, world.options)),
        await codeOf(subscriber.deleteSubscription({ subscription }, world.options)),
        await codeOf(world.pullNow(1, "missing")),
        await codeOf(world.ack(anAckId, "missing")),
        await codeOf(world.deadline(anAckId, 10, "missing")),
      ];
    },
  ),
  scenario(
    "a detached subscription says so and cannot be pulled",
    [true, "FAILED_PRECONDITION"],
    async (world) => {
      await world.pair();
      await world.server.publisher.detachSubscription(
        { subscription: world.subscriptionName() },
        world.options,
      );
      return [(await settingsOf(world)).detached, await codeOf(world.pullNow())];
    },
  ),
  scenario(
    "a deleted subscription is gone, and its name is free",
    ["OK", "NOT_FOUND", "OK"],
    async (world) => {
      await world.pair();
      const request = { subscription: world.subscriptionName() };
      return [
        await codeOf(world.server.subscriber.deleteSubscription(request, world.options)),
        await codeOf(world.pullNow()),
        await codeOf(world.subscribe()),
      ];
    },
  ),
];
