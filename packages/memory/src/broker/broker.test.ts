import { describe, expect, test } from "vitest";
import { ids, mailboxBench, only } from "../../test/mailbox-bench.ts";

describe("dead letters", () => {
  test("carry reason, source and added attributes, and what the message was", () => {
    const { send, receive, mailbox, broker } = mailboxBench();
    send("1", { key: "a", attributes: { tenant: "t" } });
    const order = { reason: "BAD", description: "why", attributes: { "aq-dead-attempts": "3" } };
    mailbox.bury(only(receive(1)), order, 0);
    const dead = only(broker.deadLettersOf(mailbox).receive(1, 100, 0));

    expect(dead.message.burial).toEqual({ reason: "BAD", description: "why", source: "q" });
    expect(dead.message.content).toMatchObject({
      id: "1",
      orderingKey: "a",
      attributes: { tenant: "t", "aq-dead-attempts": "3" },
    });
    expect(dead.deliveryCount).toBe(1);
  });

  test("of one key do not wait for each other", () => {
    const { send, receive, mailbox, broker } = mailboxBench();
    for (const id of ["a1", "a2"]) send(id, { key: "a" });
    for (const lease of receive(2)) mailbox.bury(lease, { reason: "r", attributes: {} }, 0);
    const dead = broker.deadLettersOf(mailbox);

    expect(ids(dead.receive(1, 100, 0))).toEqual(["a1"]);
    expect(ids(dead.receive(1, 100, 0))).toEqual(["a2"]);
  });

  test("come by themselves after the last delivery that failed or ran out", () => {
    const { send, receive, mailbox, broker } = mailboxBench();
    mailbox.maxDeliveries = 2;
    send("1");
    mailbox.release(only(receive(1)), 0, "retry", 0);
    receive(1, 0, 100);
    const dead = broker.deadLettersOf(mailbox);

    expect(dead.nextDueAtMs()).toBe(100);
    expect(only(dead.receive(1, 50, 100)).message.burial?.reason).toBe("MAX_DELIVERIES");
    expect(mailbox.counts).toEqual({ visible: 0, leased: 0, delayed: 0 });
  });

  test("do not expire", () => {
    const { send, receive, mailbox, broker } = mailboxBench();
    send("1", { ttlMs: 50 });
    mailbox.bury(only(receive(1)), { reason: "r", attributes: {} }, 0);

    expect(ids(broker.deadLettersOf(mailbox).receive(1, 100, 1_000))).toEqual(["1"]);
  });

  test("that are redriven start anew and keep their attributes", () => {
    const { send, receive, mailbox, broker, queue } = mailboxBench();
    send("1", { key: "a" });
    mailbox.release(only(receive(1)), 0, "retry", 0);
    mailbox.bury(only(receive(1)), { reason: "r", attributes: { "aq-dead-reason": "r" } }, 0);

    expect(broker.redrive(broker.deadLettersOf(mailbox), queue, 0)).toBe(1);
    const again = only(receive(1));
    expect(again.deliveryCount).toBe(1);
    expect(again.message.burial).toBeUndefined();
    expect(again.message.content.attributes).toEqual({ "aq-dead-reason": "r" });
  });

  // A consumer that knew the old one would take it for that: for the failed one of its key, which comes first.
  test("that are redriven are new messages", () => {
    const { send, receive, mailbox, broker, queue } = mailboxBench();
    for (const id of ["1", "2"]) send(id, { key: "a" });
    const [first, second] = receive(2);
    if (first === undefined || second === undefined) throw new Error("expected both messages");
    mailbox.bury(first, { reason: "r", attributes: {} }, 0);
    mailbox.ack(second, 0);

    broker.redrive(broker.deadLettersOf(mailbox), queue, 0);
    const again = only(receive(1));
    expect(again.message.content.id).toBe("1");
    expect(again.message.sequence).toBeGreaterThan(second.message.sequence);
  });
});

describe("a topic", () => {
  test("gives every subscription a copy that is settled by itself", () => {
    const { broker } = mailboxBench();
    const topic = broker.createTopic("t");
    const early = broker.createSubscription(topic, "early");
    const twin = broker.createSubscription(topic, "twin");
    const content = { id: "1", body: new Uint8Array(), contentType: "text/plain", attributes: {} };
    const submission = { content, isDeduplicated: false, delayMs: 0, ttlMs: undefined, enqueuedAtMs: 0 };
    broker.submit(topic, submission, 0);
    const late = broker.createSubscription(topic, "late");

    expect(early.ack(only(early.receive(1, 100, 0)), 0)).toBe(true);
    expect(ids(twin.receive(1, 100, 0))).toEqual(["1"]);
    expect(late.receive(1, 100, 0)).toEqual([]);
    expect(early.name).toBe("t/early");
  });

  test("cancels a delayed message in every subscription", () => {
    const { broker } = mailboxBench();
    const topic = broker.createTopic("t");
    const subscriptions = ["a", "b"].map((name) => broker.createSubscription(topic, name));
    const content = { id: "1", body: new Uint8Array(), contentType: "text/plain", attributes: {} };
    const submission = { content, isDeduplicated: false, delayMs: 50, ttlMs: undefined, enqueuedAtMs: 0 };
    const { sequence } = broker.submit(topic, submission, 0);

    expect(broker.cancel(sequence, 10)).toBe(true);
    expect(broker.cancel(sequence, 10)).toBe(false);
    expect(subscriptions.map((mailbox) => mailbox.counts.delayed)).toEqual([0, 0]);
  });
});

test("messages that were scheduled once are forgotten when they are due", () => {
  const { send, mailbox, broker } = mailboxBench();
  for (let index = 0; index < 5_000; index += 1) {
    send(String(index), { delayMs: 1, nowMs: index });
    mailbox.advance(index);
  }

  expect(broker.scheduledCount).toBeLessThanOrEqual(2_048);
});
