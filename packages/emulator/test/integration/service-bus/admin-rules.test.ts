import { describe, expect, test } from "vitest";
import type {
  CorrelationRuleFilter,
  ServiceBusClient,
  ServiceBusReceivedMessage,
  SqlRuleAction,
  SqlRuleFilter,
} from "@azure/service-bus";
import { all, refusalOf, runAdministration, TRANSPORTS } from "../../support/running-administration.ts";

type Filter = SqlRuleFilter | CorrelationRuleFilter;

async function withSubscription(transport: (typeof TRANSPORTS)[number] = "plain HTTP") {
  const running = await runAdministration(transport);
  await running.admin.createTopic("events");
  await running.admin.createSubscription("events", "audit");
  /** Receives everything that the broker put into the subscription. */
  const received = async (client: ServiceBusClient): Promise<readonly ServiceBusReceivedMessage[]> => {
    const audit = running.emulator.serviceBus.entities().find(({ kind }) => kind === "subscription");
    const count = audit?.messages.length ?? 0;
    if (count === 0) return [];
    const receiver = client.createReceiver("events", "audit", { receiveMode: "receiveAndDelete" });
    return await receiver.receiveMessages(count, { maxWaitTimeInMs: 5000 });
  };
  return { ...running, received };
}

describe.each(TRANSPORTS)("rules over %s", (transport) => {
  test("a new subscription has the rule that lets everything pass", async () => {
    const { admin } = await withSubscription(transport);
    expect(await all(admin.listRules("events", "audit"))).toMatchObject([
      { name: "$Default", filter: { sqlExpression: "1=1" }, action: {} },
    ]);
  });

  test("a subscription can be created with a rule of its own", async () => {
    const { admin } = await withSubscription(transport);
    const defaultRuleOptions = { name: "big", filter: { sqlExpression: "amount > 100" } };
    await admin.createSubscription("events", "big", { defaultRuleOptions });
    expect(await all(admin.listRules("events", "big"))).toMatchObject([
      { name: "big", filter: { sqlExpression: "amount > 100" } },
    ]);
  });

  test("an SQL rule keeps its text, its parameters with their types, and its action", async () => {
    const { admin } = await withSubscription(transport);
    const filter = {
      sqlExpression: `color IN ('red', "x") AND amount >= @min AND sys.Label <> @label OR @flag`,
      sqlParameters: { "@min": 1.5, "@label": "<a & b>", "@flag": true },
    };
    const action = { sqlExpression: "SET sys.Label = 'seen'; REMOVE color" };
    await admin.createRule("events", "audit", "typed", filter, action);
    const rule = await admin.getRule("events", "audit", "TYPED");
    expect(rule).toMatchObject({ name: "typed", filter, action });
  });

  test("a correlation rule keeps its members and its properties with their types", async () => {
    const { admin } = await withSubscription(transport);
    const filter = {
      correlationId: "c",
      subject: "s",
      to: "t",
      replyTo: "r",
      replyToSessionId: "rs",
      sessionId: "se",
      messageId: "m",
      contentType: "text/plain",
      applicationProperties: { text: " a ", number: -0.25, flag: false, day: new Date(0) },
    };
    await admin.createRule("events", "audit", "exact", filter);
    expect((await admin.getRule("events", "audit", "exact")).filter).toEqual(filter);
  });

  test("rules are changed, listed in pages and deleted", async () => {
    const { admin } = await withSubscription(transport);
    for (const name of ["b", "a"]) await admin.createRule("events", "audit", name, { subject: name });
    const rule = await admin.getRule("events", "audit", "a");
    await admin.updateRule("events", "audit", { ...rule, filter: { sqlExpression: "1=0" } });
    expect(await admin.getRule("events", "audit", "a")).toMatchObject({ filter: { sqlExpression: "1=0" } });
    const pages = await all(admin.listRules("events", "audit").byPage({ maxPageSize: 2 }));
    expect(pages.map((page) => page.map(({ name }) => name))).toEqual([["$Default", "a"], ["b"]]);
    await admin.deleteRule("events", "audit", "$Default");
    expect(await admin.ruleExists("events", "audit", "$Default")).toBe(false);
    expect(await admin.ruleExists("events", "audit", "b")).toBe(true);
  });
});

describe("rules that the service refuses", () => {
  test.each([
    ["SQL that is none", { sqlExpression: "color = " }],
    ["SQL that is too long", { sqlExpression: `a = '${"x".repeat(1024)}'` }],
    ["SQL with an unknown function", { sqlExpression: "sqrt(a) = 2" }],
  ])("%s", async (_name, filter: Filter) => {
    const { admin } = await withSubscription();
    const refusal = await refusalOf(admin.createRule("events", "audit", "bad", filter));
    expect(refusal).toMatchObject({ code: "ServiceError", status: 400 });
    expect(await admin.ruleExists("events", "audit", "bad")).toBe(false);
  });

  test("an action that is not SQL", async () => {
    const { admin } = await withSubscription();
    const rule = admin.createRule(
      "events",
      "audit",
      "bad",
      { sqlExpression: "1=1" },
      { sqlExpression: "DROP a" },
    );
    expect(await refusalOf(rule)).toMatchObject({ code: "ServiceError", status: 400 });
  });

  test("a change of a rule that is not there", async () => {
    const { admin } = await withSubscription();
    const rule = { ...(await admin.getRule("events", "audit", "$Default")), name: "missing" };
    expect(await refusalOf(admin.updateRule("events", "audit", rule))).toMatchObject({ status: 404 });
  });
});

describe("what passes a rule arrives, and nothing else", () => {
  /** Sends one message that the rule matches and one that it does not, and returns what arrived. */
  async function whatArrives(filter: Filter, action?: SqlRuleAction) {
    const { admin, connect, received } = await withSubscription();
    await admin.deleteRule("events", "audit", "$Default");
    if (action === undefined) await admin.createRule("events", "audit", "one", filter);
    else await admin.createRule("events", "audit", "one", filter, action);
    const client = connect();
    const sender = client.createSender("events");
    await sender.sendMessages([
      { body: 1, messageId: "blue", subject: "blue", applicationProperties: { amount: 5, color: "blue" } },
      { body: 2, messageId: "red", subject: "red", applicationProperties: { amount: 500, color: "red" } },
    ]);
    const arrived = await received(client);
    return arrived.map(({ messageId, subject, applicationProperties }) => ({
      messageId,
      subject,
      applicationProperties,
    }));
  }

  test.each<readonly [string, Filter, readonly string[]]>([
    ["a comparison of numbers", { sqlExpression: "amount > 100" }, ["red"]],
    [
      "a comparison with a parameter",
      { sqlExpression: "amount < @max", sqlParameters: { "@max": 100 } },
      ["blue"],
    ],
    ["LIKE", { sqlExpression: "color LIKE 'b%'" }, ["blue"]],
    ["IN and a system property", { sqlExpression: "sys.Label IN ('red', 'green')" }, ["red"]],
    ["a missing property", { sqlExpression: "missing IS NULL AND NOT EXISTS(other)" }, ["blue", "red"]],
    ["a comparison with a missing property", { sqlExpression: "missing <> 1" }, []],
    ["arithmetic", { sqlExpression: "amount / 5 = 1" }, ["blue"]],
    ["FALSE", { sqlExpression: "1=0" }, []],
    ["TRUE", { sqlExpression: "1=1" }, ["blue", "red"]],
    ["a subject", { subject: "red" }, ["red"]],
    ["a property", { applicationProperties: { color: "blue" } }, ["blue"]],
    ["a property of a number", { applicationProperties: { amount: 500 } }, ["red"]],
    [
      "a subject and a property that do not meet",
      { subject: "red", applicationProperties: { color: "blue" } },
      [],
    ],
  ])("%s", async (_name, filter, ids) => {
    expect((await whatArrives(filter)).map(({ messageId }) => messageId)).toEqual(ids);
  });

  test("an action changes the copy", async () => {
    const arrived = await whatArrives(
      { sqlExpression: "amount > 100" },
      { sqlExpression: "SET sys.Label = 'large'; SET half = amount / 2; REMOVE color" },
    );
    expect(arrived).toEqual([
      { messageId: "red", subject: "large", applicationProperties: { amount: 500, half: 250 } },
    ]);
  });

  test("rules without actions make one copy together, a rule with one makes its own", async () => {
    const { admin, connect, received } = await withSubscription();
    await admin.createRule("events", "audit", "also", { sqlExpression: "1=1" });
    await admin.createRule(
      "events",
      "audit",
      "marked",
      { subject: "blue" },
      { sqlExpression: "SET marked = TRUE" },
    );
    const client = connect();
    await client.createSender("events").sendMessages([{ body: 1, subject: "blue" }]);
    const arrived = await received(client);
    expect(arrived.map(({ applicationProperties }) => applicationProperties?.["marked"] ?? false)).toEqual(
      expect.arrayContaining([true, false]),
    );
    expect(arrived).toHaveLength(2);
  });

  test("a rule that is changed over HTTP is the one that the data client lists", async () => {
    const { admin, connect } = await withSubscription();
    const rule = await admin.getRule("events", "audit", "$Default");
    await admin.updateRule("events", "audit", { ...rule, filter: { sqlExpression: "color = 'red'" } });
    const rules = connect().createRuleManager("events", "audit");
    expect(await all(rules.listRules())).toMatchObject([
      { name: "$Default", filter: { sqlExpression: "color = 'red'" } },
    ]);
    await rules.createRule("second", { subject: "x" });
    expect(await admin.getRule("events", "audit", "second")).toMatchObject({ filter: { subject: "x" } });
  });
});
