import { describe, expect, test } from "vitest";
import {
  manualNamespace,
  sbContent,
  TestConsumer,
  TestSessionWaiter,
} from "../../../../test/support/service-bus-engine.ts";
import { SessionDistribution } from "./session-distribution.ts";

const IDLE_MS = 300_000;

describe("an idle entity", () => {
  test("that is a topic is deleted with its subscriptions", async () => {
    const { namespace, clock } = manualNamespace();
    const topic = namespace.createTopic("t", { autoDeleteOnIdleMs: IDLE_MS });
    const subscription = namespace.createSubscription("t", "s");
    const sender = new TestConsumer(0);
    topic.target.attachSender(sender);
    await clock.advance(IDLE_MS);
    expect([namespace.topics(), topic.subscriptions()]).toEqual([[], []]);
    expect(sender.ended?.condition).toBe("amqp:not-found");
    expect(() => subscription.mailbox.attach(new TestConsumer(1))).toThrow("could not be found");
  });

  test("that is a topic lives while a subscription has a receiver or a message is scheduled", async () => {
    const { namespace, clock } = manualNamespace();
    const topic = namespace.createTopic("t", { autoDeleteOnIdleMs: IDLE_MS });
    const subscription = namespace.createSubscription("t", "s");
    topic.target.send([sbContent("later", { scheduledAtMs: clock.now() + 2 * IDLE_MS })]);
    await clock.advance(2 * IDLE_MS - 1);
    const consumer = new TestConsumer(0).attachTo(subscription.mailbox);
    await clock.advance(2 * IDLE_MS);
    expect(namespace.topic("t")).toBe(topic);
    consumer.close();
    await clock.advance(2 * IDLE_MS);
    expect(namespace.topic("t")).toBeUndefined();
  });

  test("is kept by a peek, a settlement and a change of its rules", async () => {
    const { namespace, clock } = manualNamespace();
    const topic = namespace.createTopic("t");
    const subscription = namespace.createSubscription("t", "s", { autoDeleteOnIdleMs: IDLE_MS });
    topic.target.send([sbContent("a")]);
    const consumer = new TestConsumer(1).attachTo(subscription.mailbox);
    consumer.close();
    const uses: readonly (() => unknown)[] = [
      () => subscription.mailbox.renewLock(consumer.lastToken),
      () => subscription.mailbox.peek({ fromSequenceNumber: 0, max: 1 }),
      () => subscription.addRule({ name: "r", filter: { kind: "false" }, action: undefined }),
      () => subscription.updateRule({ name: "r", filter: { kind: "true" }, action: undefined }),
      () => {
        subscription.removeRule("r");
      },
      () => subscription.mailbox.deleteMessages(1, 0),
    ];
    for (const use of uses) {
      use();
      expect(subscription.accessedAtMs).toBe(clock.now());
      // Within the first lock of 60 s, so that there is a lock to renew.
      await clock.advance(50_000);
    }
    await clock.advance(IDLE_MS);
    expect(namespace.subscription("t", "s")).toBeUndefined();
  });
});

describe("a topic that is deleted", () => {
  test("tells its senders, drops what is scheduled and leaves no timer", () => {
    const { namespace, clock } = manualNamespace();
    const topic = namespace.createTopic("t", { autoDeleteOnIdleMs: IDLE_MS });
    const subscription = namespace.createSubscription("t", "s", { autoDeleteOnIdleMs: IDLE_MS });
    topic.target.send([sbContent("a", { timeToLiveMs: 1000 })]);
    topic.target.send([sbContent("b", { scheduledAtMs: clock.now() + 1000 })]);
    const sender = new TestConsumer(0);
    topic.target.attachSender(sender);
    namespace.deleteEntity("T");
    expect(sender.ended?.condition).toBe("amqp:not-found");
    expect([topic.counts.scheduled, subscription.counts.active, clock.nextDeadline()]).toEqual([
      0,
      0,
      undefined,
    ]);
    expect(topic.subscriptions()).toEqual([]);
    expect(() => {
      topic.target.cancelScheduled([1]);
    }).toThrow("could not be found");
  });

  test("can be created again, with nothing of the old one", () => {
    const { namespace } = manualNamespace();
    const old = namespace.createTopic("t");
    namespace.createSubscription("t", "s");
    namespace.deleteEntity("t");
    const topic = namespace.createTopic("t");
    const subscription = namespace.createSubscription("t", "s");
    topic.target.send([sbContent("a")]);
    expect(subscription.counts.active).toBe(1);
    expect(() => {
      old.target.send([sbContent("b")]);
    }).toThrow("could not be found");
  });
});

describe("a queue with sessions", () => {
  test("that is disabled accepts no session, by name or any", () => {
    const { namespace, clock } = manualNamespace();
    const { mailbox } = namespace.createQueue("q", { requiresSession: true, status: "ReceiveDisabled" });
    const disabled = expect.objectContaining({ condition: "com.microsoft:entity-disabled" });
    expect(() => mailbox.acceptSession("a")).toThrow(disabled);
    expect(() => mailbox.acceptNextSession(new TestSessionWaiter(), 1000)).toThrow(disabled);
    expect(clock.nextDeadline()).toBeUndefined();
  });

  test("that is deleted fails each waiting receiver once, and leaves no timer", async () => {
    const { namespace, clock } = manualNamespace();
    const queue = namespace.createQueue("q", { requiresSession: true });
    const waiter = new TestSessionWaiter();
    queue.mailbox.acceptNextSession(waiter, 1000);
    namespace.deleteEntity("q");
    expect([waiter.error?.condition, clock.nextDeadline()]).toEqual(["amqp:not-found", undefined]);
    await clock.advance(1000);
    expect(waiter.error?.condition).toBe("amqp:not-found");
  });

  test("keeps nothing of a session that has neither messages nor state", () => {
    const { namespace } = manualNamespace();
    const { mailbox, target } = namespace.createQueue("q", { requiresSession: true });
    const sessionCount = (): number => {
      const { distribution } = mailbox.keeper;
      return distribution instanceof SessionDistribution ? distribution.sessions().length : -1;
    };
    mailbox.acceptSession("empty").release();
    expect(sessionCount()).toBe(0);
    target.send([sbContent("m", { sessionId: "used" })]);
    const session = mailbox.acceptSession("used");
    mailbox.complete(new TestConsumer(1).attachTo(session).lastToken);
    session.release();
    expect(sessionCount()).toBe(0);
    target.send([sbContent("n", { sessionId: "expiring", timeToLiveMs: 1000 })]);
    mailbox.purge();
    expect(sessionCount()).toBe(0);
  });
});

test("the size of a queue is that of all it holds, dead letters included", () => {
  const { namespace } = manualNamespace();
  namespace.createQueue("gone");
  const queue = namespace.createQueue("q");
  queue.target.send([sbContent("a", { sizeBytes: 10 }), sbContent("b", { sizeBytes: 20 })]);
  queue.mailbox.deadLetter(new TestConsumer(1).attachTo(queue.mailbox).lastToken, {});
  expect([queue.sizeBytes, queue.counts.deadLetter]).toEqual([30, 1]);
  namespace.updateQueue("q", { forwardTo: "gone" });
  namespace.deleteEntity("gone");
  queue.target.send([sbContent("c", { sizeBytes: 40 })]);
  expect([queue.sizeBytes, queue.counts.transferDeadLetter]).toEqual([50, 1]);
});
