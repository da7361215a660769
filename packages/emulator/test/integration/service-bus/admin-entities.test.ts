import { describe, expect, test } from "vitest";
import { all, runAdministration, TRANSPORTS } from "../../support/running-administration.ts";

const FOREVER = "P10675199DT2H48M5.4775807S";

describe.each(TRANSPORTS)("queues over %s", (transport) => {
  test("a queue is created with the service's defaults", async () => {
    const { admin } = await runAdministration(transport);
    const queue = await admin.createQueue("orders");
    expect(queue).toMatchObject({
      name: "orders",
      lockDuration: "PT1M",
      maxSizeInMegabytes: 1024,
      maxDeliveryCount: 10,
      requiresSession: false,
      requiresDuplicateDetection: false,
      duplicateDetectionHistoryTimeWindow: "PT10M",
      defaultMessageTimeToLive: FOREVER,
      autoDeleteOnIdle: FOREVER,
      deadLetteringOnMessageExpiration: false,
      enableBatchedOperations: true,
      enablePartitioning: false,
      status: "Active",
      availabilityStatus: "Available",
    });
    expect(queue.forwardTo).toBeUndefined();
    expect(queue.authorizationRules).toBeUndefined();
  });

  test("every setting is kept, in a queue whose name has slashes", async () => {
    const { admin } = await runAdministration(transport);
    await admin.createQueue("failed");
    const settings = {
      lockDuration: "PT2M30S",
      maxSizeInMegabytes: 2048,
      maxDeliveryCount: 3,
      requiresSession: true,
      requiresDuplicateDetection: true,
      duplicateDetectionHistoryTimeWindow: "PT30S",
      defaultMessageTimeToLive: "P1DT2H",
      autoDeleteOnIdle: "PT1H",
      deadLetteringOnMessageExpiration: true,
      enableBatchedOperations: false,
      enablePartitioning: true,
      enableExpress: false,
      forwardDeadLetteredMessagesTo: "failed",
      maxMessageSizeInKilobytes: 1024,
      status: "SendDisabled",
      userMetadata: `<"&'> \u{1f600}`,
    } as const;
    await admin.createQueue("shop/eu/orders", settings);
    expect(await admin.getQueue("shop/eu/orders")).toMatchObject({ name: "shop/eu/orders", ...settings });
    expect((await admin.getQueue("SHOP/eu/Orders")).name).toBe("shop/eu/orders");
  });

  test("an update changes what may change, and takes away what is left out", async () => {
    const { admin } = await runAdministration(transport);
    await admin.createQueue("archive");
    const queue = await admin.createQueue("orders", { forwardTo: "archive", userMetadata: "mine" });
    for (const name of ["forwardTo", "userMetadata"]) Reflect.deleteProperty(queue, name);
    const updated = await admin.updateQueue({ ...queue, lockDuration: "PT5S", maxDeliveryCount: 1 });
    expect(updated).toMatchObject({ lockDuration: "PT5S", maxDeliveryCount: 1 });
    expect(updated.forwardTo).toBeUndefined();
    expect(updated.userMetadata).toBeUndefined();
    expect(await admin.getQueue("orders")).toMatchObject({ lockDuration: "PT5S", maxDeliveryCount: 1 });
  });

  test("authorization rules are shown as they were given", async () => {
    const { admin } = await runAdministration(transport);
    const rule = {
      claimType: "SharedAccessKey",
      keyName: "listen",
      accessRights: ["Listen"] as "Listen"[],
      primaryKey: "cHJpbWFyeQ==",
      secondaryKey: "c2Vjb25kYXJ5",
    };
    await admin.createQueue("orders", { authorizationRules: [rule] });
    expect((await admin.getQueue("orders")).authorizationRules).toEqual([rule]);
    const both = { ...rule, keyName: "both", accessRights: ["Listen", "Send"] as ("Listen" | "Send")[] };
    await admin.updateQueue({ ...(await admin.getQueue("orders")), authorizationRules: [rule, both] });
    expect((await admin.getQueue("orders")).authorizationRules).toEqual([rule, both]);
  });

  test("a list comes in pages, by name", async () => {
    const { admin } = await runAdministration(transport);
    for (const name of ["e", "c", "a", "d", "b"]) await admin.createQueue(name);
    await admin.createTopic("t");
    const pages = await all(admin.listQueues().byPage({ maxPageSize: 2 }));
    expect(pages.map((page) => page.map(({ name }) => name))).toEqual([["a", "b"], ["c", "d"], ["e"]]);
    expect(pages.at(-1)?.continuationToken).toBeUndefined();
    const [middle] = await all(admin.listQueues().byPage({ maxPageSize: 2, continuationToken: "1" }));
    expect(middle?.map(({ name }) => name)).toEqual(["b", "c"]);
    expect((await all(admin.listQueues())).map(({ name }) => name)).toEqual(["a", "b", "c", "d", "e"]);
    expect((await all(admin.listQueuesRuntimeProperties())).map(({ name }) => name)).toHaveLength(5);
  });

  test("existence follows creation and deletion", async () => {
    const { admin } = await runAdministration(transport);
    expect(await admin.queueExists("orders")).toBe(false);
    await admin.createQueue("orders");
    expect(await admin.queueExists("orders")).toBe(true);
    await admin.deleteQueue("orders");
    expect(await admin.queueExists("orders")).toBe(false);
    expect(await all(admin.listQueues())).toEqual([]);
  });
});

describe.each(TRANSPORTS)("topics and subscriptions over %s", (transport) => {
  test("a topic is created, changed, listed and deleted with its subscriptions", async () => {
    const { admin } = await runAdministration(transport);
    const topic = await admin.createTopic("events", {
      defaultMessageTimeToLive: "PT1H",
      supportOrdering: false,
    });
    expect(topic).toMatchObject({
      name: "events",
      defaultMessageTimeToLive: "PT1H",
      supportOrdering: false,
      maxSizeInMegabytes: 1024,
      requiresDuplicateDetection: false,
      status: "Active",
    });
    await admin.updateTopic({ ...topic, status: "SendDisabled", userMetadata: "x" });
    expect(await admin.getTopic("events")).toMatchObject({ status: "SendDisabled", userMetadata: "x" });
    await admin.createSubscription("events", "audit");
    expect(await admin.getTopicRuntimeProperties("events")).toMatchObject({ subscriptionCount: 1 });
    expect((await all(admin.listTopics())).map(({ name }) => name)).toEqual(["events"]);
    await admin.deleteTopic("events");
    expect(await admin.topicExists("events")).toBe(false);
    expect(await admin.subscriptionExists("events", "audit")).toBe(false);
  });

  test("a subscription is created, changed, listed and deleted", async () => {
    const { admin } = await runAdministration(transport);
    await admin.createQueue("archive");
    await admin.createTopic("shop/events");
    const settings = {
      lockDuration: "PT30S",
      maxDeliveryCount: 4,
      defaultMessageTimeToLive: "PT10M",
      deadLetteringOnMessageExpiration: true,
      deadLetteringOnFilterEvaluationExceptions: false,
      forwardDeadLetteredMessagesTo: "archive",
      requiresSession: true,
    };
    const created = await admin.createSubscription("shop/events", "audit", settings);
    expect(created).toMatchObject({
      topicName: "shop/events",
      subscriptionName: "audit",
      status: "Active",
      autoDeleteOnIdle: FOREVER,
    });
    const found = await admin.getSubscription("shop/events", "AUDIT");
    expect(found).toMatchObject({ ...settings, subscriptionName: "audit" });
    const updated = await admin.updateSubscription({
      ...found,
      status: "ReceiveDisabled",
      maxDeliveryCount: 7,
    });
    expect(updated).toMatchObject({ status: "ReceiveDisabled", maxDeliveryCount: 7 });
    for (const name of ["b", "c"]) await admin.createSubscription("shop/events", name);
    const pages = await all(admin.listSubscriptions("shop/events").byPage({ maxPageSize: 2 }));
    expect(pages.map((page) => page.map(({ subscriptionName }) => subscriptionName))).toEqual([
      ["audit", "b"],
      ["c"],
    ]);
    expect(await all(admin.listSubscriptionsRuntimeProperties("shop/events"))).toHaveLength(3);
    await admin.deleteSubscription("shop/events", "audit");
    expect(await admin.subscriptionExists("shop/events", "audit")).toBe(false);
    expect(await admin.subscriptionExists("shop/events", "b")).toBe(true);
  });

  test("the namespace says what it is", async () => {
    const { admin, emulator } = await runAdministration(transport);
    const { name, messagingSku, createdAt } = await admin.getNamespaceProperties();
    expect([name, messagingSku]).toEqual(["anyqueue", "Standard"]);
    expect(createdAt.getTime()).toBeLessThanOrEqual(emulator.clock.now());
  });
});
