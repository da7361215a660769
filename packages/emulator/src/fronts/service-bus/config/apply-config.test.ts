import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../../time/engine-clock.ts";
import { ServiceBusNamespace } from "../engine/namespace.ts";
import { applyConfig, assertServiceBusConfig } from "./apply-config.ts";
import type { NamespaceConfig } from "./service-bus-config.ts";

function apply(namespaceConfig: NamespaceConfig): ServiceBusNamespace {
  const namespace = new ServiceBusNamespace({ clock: new VirtualClock("manual"), name: "anyqueue" });
  applyConfig(namespace, { UserConfig: { Namespaces: [namespaceConfig], Logging: { Type: "File" } } });
  return namespace;
}

const withQueues = (...Queues: readonly unknown[]): unknown => ({ UserConfig: { Namespaces: [{ Queues }] } });

const withRule = (Properties: unknown): unknown => ({
  UserConfig: {
    Namespaces: [
      { Topics: [{ Name: "t", Subscriptions: [{ Name: "s", Rules: [{ Name: "r", Properties }] }] }] },
    ],
  },
});

describe("a configuration in the vendor's format", () => {
  test("creates queues with every setting, forwarding to entities that come later", () => {
    const namespace = apply({
      Name: "sbemulatorns",
      Queues: [
        {
          Name: "queue.1",
          Properties: {
            AutoDeleteOnIdle: "PT1H",
            DeadLetteringOnMessageExpiration: true,
            DefaultMessageTimeToLive: "PT1H",
            DuplicateDetectionHistoryTimeWindow: "PT20S",
            EnableBatchedOperations: false,
            ForwardDeadLetteredMessagesTo: "queue.2",
            ForwardTo: "topic.1",
            LockDuration: "PT30S",
            MaxDeliveryCount: 3,
            MaxMessageSizeInKilobytes: 1024,
            MaxSizeInMegabytes: 2048,
            RequiresDuplicateDetection: true,
            RequiresSession: false,
            Status: "SendDisabled",
            UserMetadata: "mine",
          },
        },
        { Name: "queue.2", Properties: { ForwardTo: "", ForwardDeadLetteredMessagesTo: "" } },
        { Name: "queue.3" },
      ],
      Topics: [{ Name: "topic.1" }],
    });
    expect(namespace.queue("queue.1")?.settings).toEqual({
      autoDeleteOnIdleMs: 3_600_000,
      deadLetteringOnMessageExpiration: true,
      defaultMessageTimeToLiveMs: 3_600_000,
      duplicateDetectionHistoryMs: 20_000,
      enableBatchedOperations: false,
      enableExpress: false,
      enablePartitioning: false,
      forwardDeadLetteredMessagesTo: "queue.2",
      forwardTo: "topic.1",
      lockDurationMs: 30_000,
      maxDeliveryCount: 3,
      maxMessageSizeInKilobytes: 1024,
      maxSizeInMegabytes: 2048,
      requiresDuplicateDetection: true,
      requiresSession: false,
      status: "SendDisabled",
      userMetadata: "mine",
    });
    expect(namespace.queue("queue.2")?.settings).toEqual(namespace.queue("queue.3")?.settings);
  });

  test("creates topics, subscriptions and rules of both kinds", () => {
    const namespace = apply({
      Queues: [{ Name: "target" }],
      Topics: [
        {
          Name: "topic.1",
          Properties: { DefaultMessageTimeToLive: "PT1H", SupportOrdering: false },
          Subscriptions: [
            {
              Name: "exact",
              Properties: { RequiresSession: true, DeadLetteringOnFilterEvaluationExceptions: false },
              Rules: [
                {
                  Name: "all",
                  Properties: {
                    FilterType: "Correlation",
                    CorrelationFilter: {
                      ContentType: "application/text",
                      CorrelationId: "id1",
                      Label: "subject1",
                      MessageId: "msgid1",
                      Properties: { text: "x", whole: 3, part: 0.5, flag: true },
                      ReplyTo: "someQueue",
                      ReplyToSessionId: "sessionId",
                      SessionId: "session1",
                      To: "xyz",
                    },
                  },
                },
                {
                  Name: "sql",
                  Properties: {
                    FilterType: "Sql",
                    SqlFilter: { SqlExpression: "sys.MessageId = '1' AND prop1 = 'value1'" },
                    Action: { SqlExpression: "SET sys.To = 'Entity'" },
                  },
                },
              ],
            },
            { Name: "everything", Properties: { ForwardTo: "target" } },
          ],
        },
      ],
    });
    expect(namespace.topic("topic.1")?.settings).toMatchObject({
      defaultMessageTimeToLiveMs: 3_600_000,
      supportOrdering: false,
    });
    const exact = namespace.subscription("topic.1", "exact");
    expect(exact?.settings).toMatchObject({
      requiresSession: true,
      deadLetteringOnFilterEvaluationExceptions: false,
    });
    expect(exact?.rules()).toMatchObject([
      {
        name: "all",
        action: undefined,
        filter: {
          kind: "correlation",
          contentType: "application/text",
          correlationId: "id1",
          label: "subject1",
          messageId: "msgid1",
          replyTo: "someQueue",
          replyToSessionId: "sessionId",
          sessionId: "session1",
          to: "xyz",
          properties: new Map([
            ["text", { type: "string", value: "x" }],
            ["whole", { type: "long", value: 3 }],
            ["part", { type: "double", value: 0.5 }],
            ["flag", { type: "boolean", value: true }],
          ]),
        },
      },
      {
        name: "sql",
        filter: { kind: "sql", expression: "sys.MessageId = '1' AND prop1 = 'value1'" },
        action: { expression: "SET sys.To = 'Entity'" },
      },
    ]);
    const everything = namespace.subscription("topic.1", "everything");
    expect(everything?.settings.forwardTo).toBe("target");
    expect(everything?.rules()).toMatchObject([{ name: "$Default", filter: { kind: "true" } }]);
  });
});

describe("a mistake is reported with its place", () => {
  test.each<readonly [string, unknown, string]>([
    ["no object", "orders", 'The Service Bus configuration must be an object, got "orders".'],
    ["no user part", {}, "UserConfig must be given, got nothing."],
    ["no namespace", { UserConfig: { Namespaces: [] } }, "UserConfig.Namespaces must be given, got nothing."],
    [
      "two namespaces",
      { UserConfig: { Namespaces: [{}, {}] } },
      "UserConfig.Namespaces[1]: this emulator has one namespace.",
    ],
    ["a queue that is no object", withQueues("a"), 'Queues[0] must be an object, got "a".'],
    ["a queue without a name", withQueues({}), "Queues[0].Name must be given, got nothing."],
    [
      "a list that is none",
      { UserConfig: { Namespaces: {} } },
      "UserConfig.Namespaces must be a list, got {}.",
    ],
    [
      "an unknown setting",
      withQueues({ Name: "a" }, { Name: "b", Properties: { LockDurations: "PT1M" } }),
      "Queues[1].Properties.LockDurations in the Service Bus configuration is not known. Known: ",
    ],
    [
      "a duration that is none",
      withQueues({ Name: "a", Properties: { LockDuration: 60 } }),
      "Queues[0].Properties.LockDuration must be an ISO 8601 duration such as PT1M, got 60.",
    ],
    [
      "a number that is none",
      withQueues({ Name: "a", Properties: { MaxDeliveryCount: "3" } }),
      'MaxDeliveryCount must be a whole number, got "3".',
    ],
    [
      "a flag that is none",
      withQueues({ Name: "a", Properties: { RequiresSession: "true" } }),
      'RequiresSession must be true or false, got "true".',
    ],
    [
      "a state that is none",
      withQueues({ Name: "a", Properties: { Status: "On" } }),
      'Status must be one of Active, Disabled, SendDisabled, ReceiveDisabled, got "On".',
    ],
    ["a rule without a filter", withRule({ FilterType: "Sql" }), "Properties.SqlFilter must be given"],
    [
      "a rule of another kind",
      withRule({ FilterType: "Regex" }),
      'Properties.FilterType must be one of Sql, Correlation, got "Regex".',
    ],
    [
      "a property of a kind that no message has",
      withRule({ FilterType: "Correlation", CorrelationFilter: { Properties: { a: [] } } }),
      "CorrelationFilter.Properties.a must be a text, a number, true or false, got [].",
    ],
  ])("%s", (_name, config, message) => {
    expect(() => {
      assertServiceBusConfig(config);
    }).toThrow(message);
  });

  test.each<readonly [string, unknown, string]>([
    [
      "a value out of range",
      withQueues({ Name: "a", Properties: { LockDuration: "PT1S" } }),
      "UserConfig.Namespaces[0].Queues[0] of the Service Bus configuration: ",
    ],
    [
      "a name twice",
      withQueues({ Name: "a" }, { Name: "A" }),
      "Queues[1] of the Service Bus configuration: ",
    ],
    [
      "a target that is not there",
      withQueues({ Name: "a", Properties: { ForwardTo: "b" } }),
      "Queues[0] of the Service Bus configuration: ",
    ],
    [
      "SQL that is none",
      withRule({ FilterType: "Sql", SqlFilter: { SqlExpression: "=" } }),
      "Topics[0].Subscriptions[0] of the Service Bus configuration: ",
    ],
  ])("%s, when it is applied", (_name, config, message) => {
    const namespace = new ServiceBusNamespace({ clock: new VirtualClock("manual"), name: "anyqueue" });
    assertServiceBusConfig(config);
    expect(() => {
      applyConfig(namespace, config);
    }).toThrow(message);
  });
});
