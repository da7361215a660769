import { describe, expect, test } from "vitest";
import {
  idsOf,
  int,
  manualNamespace,
  sbContent,
  TestConsumer,
  text,
  userProperty,
} from "../../../../test/support/service-bus-engine.ts";
import type { RuleDescription } from "./rule-description.ts";
import type { Subscription } from "./subscription.ts";
import type { Topic } from "./topic.ts";

function sql(name: string, expression: string, action?: string): RuleDescription {
  return {
    name,
    filter: { kind: "sql", expression, parameters: new Map() },
    action: action === undefined ? undefined : { expression: action, parameters: new Map() },
  };
}

function oneTopic(rule?: RuleDescription): ReturnType<typeof manualNamespace> & {
  readonly topic: Topic;
  readonly subscription: Subscription;
} {
  const world = manualNamespace();
  const topic = world.namespace.createTopic("t");
  return { ...world, topic, subscription: world.namespace.createSubscription("t", "s", {}, rule) };
}

function peekIds({ mailbox }: Subscription): string[] {
  return idsOf(mailbox.peek({ fromSequenceNumber: 0, max: 100 }));
}

describe("publishing", () => {
  test("gives every subscription its own copy under its own number", () => {
    const { topic, namespace, subscription } = oneTopic();
    topic.target.send([sbContent("a")]);
    const late = namespace.createSubscription("t", "late");
    topic.target.send([sbContent("b")]);
    expect([peekIds(subscription), peekIds(late)]).toEqual([["a", "b"], ["b"]]);
    const [copy] = late.mailbox.peek({ fromSequenceNumber: 0, max: 1 });
    expect([copy?.sequenceNumber, copy?.enqueuedSequenceNumber]).toEqual([1, 2]);
    subscription.mailbox.purge();
    expect(peekIds(late)).toEqual(["b"]);
  });

  test("delivers to the receivers of subscriptions at once", () => {
    const { topic, subscription } = oneTopic();
    const consumer = new TestConsumer(5).attachTo(subscription.mailbox);
    topic.target.send([sbContent("a"), sbContent("b")]);
    expect(consumer.ids).toEqual(["a", "b"]);
  });

  test("keeps scheduled messages at the topic: subscriptions of their time get them", async () => {
    const { topic, namespace, clock } = oneTopic();
    topic.target.schedule([sbContent("a", { scheduledAtMs: clock.now() + 1000 })]);
    const later = namespace.createSubscription("t", "later");
    expect(topic.counts.scheduled).toBe(1);
    await clock.advance(1000);
    expect([topic.counts.scheduled, peekIds(later)]).toEqual([0, ["a"]]);
  });

  test("lets scheduled messages be cancelled by their numbers, which no other message gets", async () => {
    const { topic, subscription, clock } = oneTopic();
    topic.target.send([sbContent("now")]);
    const numbers = topic.target.schedule([sbContent("a", { scheduledAtMs: clock.now() + 1000 })]);
    expect(numbers).toEqual([2]);
    topic.target.cancelScheduled(numbers);
    await clock.advance(1000);
    expect(peekIds(subscription)).toEqual(["now"]);
  });

  test("drops duplicates before they fan out", () => {
    const { namespace } = manualNamespace();
    const topic = namespace.createTopic("t", { requiresDuplicateDetection: true });
    const subscription = namespace.createSubscription("t", "s");
    topic.target.send([sbContent("a"), sbContent("a")]);
    expect(peekIds(subscription)).toEqual(["a"]);
  });

  test("limits the time to live by the topic's and the subscription's default", () => {
    const { namespace } = manualNamespace();
    const topic = namespace.createTopic("t", { defaultMessageTimeToLiveMs: 5000 });
    const wide = namespace.createSubscription("t", "wide");
    const narrow = namespace.createSubscription("t", "narrow", { defaultMessageTimeToLiveMs: 1000 });
    topic.target.send([sbContent("a", { timeToLiveMs: 60_000 })]);
    const lives = [wide, narrow].map(
      ({ mailbox }) => mailbox.peek({ fromSequenceNumber: 0, max: 1 })[0]?.timeToLiveMs,
    );
    expect(lives).toEqual([5000, 1000]);
  });

  test("counts the copies of its subscriptions against the topic's size", () => {
    const { namespace } = manualNamespace();
    const topic = namespace.createTopic("t", { maxSizeInMegabytes: 1 });
    for (const name of ["x", "y"]) namespace.createSubscription("t", name);
    const send = (): void => {
      topic.target.send([sbContent("a", { sizeBytes: 200_000 })]);
    };
    send();
    send();
    send();
    expect(send).toThrow(expect.objectContaining({ condition: "amqp:resource-limit-exceeded" }));
  });

  test("stops when the topic is disabled, not when a subscription is", () => {
    const { topic, namespace, subscription } = oneTopic();
    namespace.updateSubscription("t", "s", { status: "Disabled" });
    topic.target.send([sbContent("kept")]);
    expect(peekIds(subscription)).toEqual(["kept"]);
    namespace.updateTopic("t", { status: "SendDisabled" });
    expect(() => {
      topic.target.send([sbContent("refused")]);
    }).toThrow(expect.objectContaining({ condition: "com.microsoft:entity-disabled" }));
  });
});

describe("rules", () => {
  test("let through what any of them matches, once", () => {
    const { topic, subscription } = oneTopic(sql("small", "n < 10"));
    subscription.addRule(sql("even", "n % 2 = 0"));
    topic.target.send([1, 4, 11, 12].map((n) => sbContent(`m${String(n)}`, { user: { n: int(n) } })));
    expect(peekIds(subscription)).toEqual(["m1", "m4", "m12"]);
  });

  test("with actions give one copy each, besides one for all that have none", () => {
    const { topic, subscription } = oneTopic(sql("plain", "1 = 1"));
    subscription.addRule(sql("plain2", "TRUE"));
    subscription.addRule(sql("low", "n < 10", "SET class = 'low'; SET sys.Label = 'x'"));
    subscription.addRule(sql("odd", "n % 2 = 1", "SET class = 'odd'; REMOVE n"));
    topic.target.send([sbContent("m", { user: { n: int(3), keep: text("k") } })]);
    const copies = subscription.mailbox.peek({ fromSequenceNumber: 0, max: 9 });
    expect(
      copies.map((copy) => [
        userProperty(copy, "class"),
        userProperty(copy, "n"),
        copy.content.properties.subject,
        userProperty(copy, "keep"),
      ]),
    ).toEqual([
      [undefined, 3, undefined, "k"],
      ["low", 3, "x", "k"],
      ["odd", undefined, undefined, "k"],
    ]);
  });

  test("that are all deleted let nothing through", () => {
    const { topic, subscription } = oneTopic();
    subscription.removeRule("$default");
    topic.target.send([sbContent("a")]);
    expect([subscription.rules(), peekIds(subscription)]).toEqual([[], []]);
  });

  test("default to one that matches every message", () => {
    const { subscription, clock } = oneTopic();
    expect(subscription.rules()).toEqual([
      { name: "$Default", filter: { kind: "true" }, action: undefined, createdAtMs: clock.now() },
    ]);
  });

  test("are changed in place and keep their date", async () => {
    const { topic, subscription, clock } = oneTopic(sql("r", "n = 1"));
    const [before] = subscription.rules();
    await clock.advance(1000);
    subscription.updateRule({ name: "R", filter: { kind: "false" }, action: undefined });
    topic.target.send([sbContent("a", { user: { n: int(1) } })]);
    const [after] = subscription.rules();
    expect([after?.name, after?.filter, after?.createdAtMs]).toEqual([
      "r",
      { kind: "false" },
      before?.createdAtMs,
    ]);
    expect(peekIds(subscription)).toEqual([]);
  });

  test("refuse a name twice, an unknown name, SQL that cannot be read and an empty correlation", () => {
    const { subscription } = oneTopic(sql("r", "n = 1"));
    expect(() => subscription.addRule(sql("R", "n = 2"))).toThrow(
      expect.objectContaining({ condition: "com.microsoft:entity-already-exists" }),
    );
    expect(() => {
      subscription.removeRule("x");
    }).toThrow(expect.objectContaining({ condition: "amqp:not-found" }));
    expect(() => subscription.updateRule(sql("x", "n = 2"))).toThrow("Rules/x");
    expect(() => subscription.addRule(sql("bad", "n = "))).toThrow("Token line offset = 5");
    expect(() => subscription.updateRule(sql("r", "n = 1", "SET"))).toThrow("Token line offset = 4");
    expect(() =>
      subscription.addRule({
        name: "empty",
        filter: { kind: "correlation", properties: new Map() },
        action: undefined,
      }),
    ).toThrow("at least one property");
    expect(subscription.rules().map(({ name }) => name)).toEqual(["r"]);
  });

  test("that fail on a message dead-letter it, or drop it if the subscription says so", () => {
    const failing = sql("r", "n / 0 = 1");
    const { topic, namespace, subscription } = oneTopic(failing);
    const dropping = namespace.createSubscription(
      "t",
      "dropping",
      { deadLetteringOnFilterEvaluationExceptions: false },
      failing,
    );
    topic.target.send([sbContent("a", { user: { n: int(1) } })]);
    expect([subscription.counts, dropping.counts]).toMatchObject([
      { active: 0, deadLetter: 1 },
      { active: 0, deadLetter: 0 },
    ]);
  });
});

describe("subscriptions", () => {
  test("that require sessions dead-letter a copy without a session id", () => {
    const { topic, namespace } = oneTopic();
    const sessions = namespace.createSubscription("t", "sessions", { requiresSession: true });
    topic.target.send([sbContent("a"), sbContent("b", { sessionId: "s" })]);
    expect(sessions.counts).toMatchObject({ active: 1, deadLetter: 1 });
    const [buried] = sessions.family.deadLetters.peek({ fromSequenceNumber: 0, max: 1 });
    expect(buried && userProperty(buried, "DeadLetterReason")).toBe("Session ID is null.");
  });

  test("may get their session id from an action", () => {
    const { topic, namespace } = oneTopic();
    const rule = sql("r", "1=1", "SET sys.SessionId = user.tenant");
    const sessions = namespace.createSubscription("t", "sessions", { requiresSession: true }, rule);
    topic.target.send([sbContent("a", { user: { tenant: text("acme") } })]);
    expect(sessions.mailbox.sessionIds(0, 9)).toEqual(["acme"]);
  });

  test("forward to a queue and dead-letter to another", () => {
    const { topic, namespace } = oneTopic();
    const target = namespace.createQueue("target");
    const graveyard = namespace.createQueue("graveyard");
    namespace.createSubscription("t", "f", { forwardTo: "target" });
    const dying = namespace.createSubscription("t", "dying", {
      forwardDeadLetteredMessagesTo: "graveyard",
      deadLetteringOnMessageExpiration: true,
    });
    topic.target.send([sbContent("a")]);
    dying.mailbox.deadLetter(new TestConsumer(1).attachTo(dying.mailbox).lastToken, {});
    expect([target.counts.active, graveyard.counts.active]).toEqual([1, 1]);
    const { message } = new TestConsumer(1).attachTo(graveyard.mailbox).last;
    expect(message.deadLetterSource).toBe("t/Subscriptions/dying");
  });

  test("obey an update at once: disabling ends links, forwarding moves messages", () => {
    const { topic, namespace, subscription } = oneTopic();
    const target = namespace.createQueue("target");
    const consumer = new TestConsumer(0).attachTo(subscription.mailbox);
    topic.target.send([sbContent("a")]);
    namespace.updateSubscription("t", "s", { status: "ReceiveDisabled" });
    expect(consumer.ended?.condition).toBe("com.microsoft:entity-disabled");
    namespace.updateSubscription("t", "s", { forwardTo: "target" });
    expect([subscription.counts.active, target.counts.active]).toEqual([0, 1]);
    expect(() => namespace.updateSubscription("t", "s", { forwardTo: "missing" })).toThrow(
      expect.objectContaining({ condition: "amqp:not-found" }),
    );
  });

  test("are deleted with their topic, and their receivers are told", () => {
    const { namespace, subscription } = oneTopic();
    const consumer = new TestConsumer(1).attachTo(subscription.mailbox);
    namespace.deleteEntity("t");
    expect(consumer.ended?.condition).toBe("amqp:not-found");
    expect(() => subscription.addRule(sql("r", "1=1"))).toThrow("could not be found");
    expect(namespace.subscription("t", "s")).toBeUndefined();
  });

  test("are deleted when nobody uses them; the topic stays", async () => {
    const { namespace, topic, clock } = oneTopic();
    namespace.createSubscription("t", "idle", { autoDeleteOnIdleMs: 300_000 });
    await clock.advance(300_000);
    expect(topic.subscriptions().map(({ name }) => name)).toEqual(["s"]);
    expect(namespace.subscription("t", "idle")).toBeUndefined();
  });
});
