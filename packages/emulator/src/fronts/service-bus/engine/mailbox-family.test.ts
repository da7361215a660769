import { describe, expect, test } from "vitest";
import {
  idsOf,
  manualNamespace,
  sbContent,
  TestConsumer,
  TestSessionWaiter,
  userProperty,
} from "../../../../test/support/service-bus-engine.ts";
import type { MessageMailbox } from "./mailbox.ts";

function peekIds(mailbox: MessageMailbox): string[] {
  return idsOf(mailbox.peek({ fromSequenceNumber: 0, max: 100 }));
}

describe("auto-forwarding", () => {
  test("forwards every message at once, with its first number", () => {
    const { namespace } = manualNamespace();
    const target = namespace.createQueue("target");
    target.target.send([sbContent("before")]);
    const source = namespace.createQueue("source", { forwardTo: "TARGET" });
    const consumer = new TestConsumer(9).attachTo(target.mailbox);
    source.target.send([sbContent("a"), sbContent("b")]);
    expect(consumer.ids).toEqual(["before", "a", "b"]);
    expect(source.counts).toMatchObject({ active: 0, transferDeadLetter: 0 });
  });

  test("forwards a scheduled message when it is due", async () => {
    const { namespace, clock } = manualNamespace();
    const target = namespace.createQueue("target");
    const source = namespace.createQueue("source", { forwardTo: "target" });
    source.target.schedule([sbContent("a", { scheduledAtMs: clock.now() + 1000 })]);
    expect([source.counts.scheduled, target.counts.active]).toEqual([1, 0]);
    await clock.advance(1000);
    expect([source.counts.scheduled, target.counts.active]).toEqual([0, 1]);
  });

  test("forbids receiving where it happens, but not from the sub-queues", () => {
    const { namespace } = manualNamespace();
    namespace.createQueue("target");
    const source = namespace.createQueue("source", { forwardTo: "target" });
    expect(() => source.mailbox.attach(new TestConsumer(1))).toThrow(
      expect.objectContaining({ condition: "amqp:not-allowed" }),
    );
    expect(() => source.family.deadLetters.attach(new TestConsumer(1))).not.toThrow();
  });

  test("set later forwards waiting messages and ends receivers, but leaves their locked messages", () => {
    const { namespace } = manualNamespace();
    const target = namespace.createQueue("target");
    const source = namespace.createQueue("source");
    source.target.send([sbContent("held"), sbContent("a"), sbContent("b")]);
    const consumer = new TestConsumer(1).attachTo(source.mailbox);
    namespace.updateQueue("source", { forwardTo: "target" });
    expect(peekIds(target.mailbox)).toEqual(["a", "b"]);
    expect(consumer.ended?.condition).toBe("amqp:not-allowed");
    source.mailbox.complete(consumer.lastToken);
    expect(source.counts.active).toBe(0);
  });

  test("set later forwards a message that a receiver gave up or held too long", async () => {
    const { namespace, clock } = manualNamespace();
    const target = namespace.createQueue("target");
    const source = namespace.createQueue("source", { lockDurationMs: 5_000 });
    source.target.send([sbContent("abandoned"), sbContent("lost")]);
    const consumer = new TestConsumer(2).attachTo(source.mailbox);
    namespace.updateQueue("source", { forwardTo: "target" });
    source.mailbox.abandon(String(consumer.deliveries[0]?.lockToken));
    expect(peekIds(target.mailbox)).toEqual(["abandoned"]);
    await clock.advance(5_000);
    expect(peekIds(target.mailbox)).toEqual(["abandoned", "lost"]);
    expect(source.counts).toMatchObject({ active: 0, deadLetter: 0, transferDeadLetter: 0 });
  });

  test("to a target that is gone, disabled, full or needs a session leaves transfer dead letters", () => {
    const { namespace } = manualNamespace();
    const targets = [
      namespace.createQueue("gone"),
      namespace.createQueue("disabled", { status: "Disabled" }),
      namespace.createQueue("small", { maxMessageSizeInKilobytes: 1 }),
      namespace.createQueue("sessions", { requiresSession: true }),
    ];
    const sources = targets.map(({ name }) => namespace.createQueue(`to-${name}`, { forwardTo: name }));
    namespace.deleteEntity("gone");
    for (const { target } of sources) target.send([sbContent("a", { sizeBytes: 2000 })]);
    const buried = sources.map(({ family }) => family.transferDeadLetters.keeper.shelf.all()[0]);
    expect(buried.map((message) => message && userProperty(message, "DeadLetterReason"))).toEqual([
      "amqp:not-found",
      "com.microsoft:entity-disabled",
      "amqp:link:message-size-exceeded",
      "amqp:not-allowed",
    ]);
    expect(sources.map(({ counts }) => counts.transferDeadLetter)).toEqual([1, 1, 1, 1]);
  });

  test("goes over four hops and no further", () => {
    const { namespace } = manualNamespace();
    const names = ["e", "d", "c", "b", "a"];
    const queues = names.map((name, index) => {
      const forwardTo = names[index - 1];
      return namespace.createQueue(name, forwardTo === undefined ? {} : { forwardTo });
    });
    namespace.queue("a")?.target.send([sbContent("four")]);
    expect(queues[0]?.counts.active).toBe(1);
    namespace.createQueue("f");
    namespace.updateQueue("e", { forwardTo: "f" });
    namespace.queue("a")?.target.send([sbContent("five")]);
    const buried = namespace.queue("e")?.family.deadLetters.keeper.shelf.all() ?? [];
    expect(buried.map((message) => userProperty(message, "DeadLetterReason"))).toEqual([
      "MaxTransferHopCountExceeded",
    ]);
  });

  test("in a circle ends among the dead letters instead of going round for ever", () => {
    const { namespace } = manualNamespace();
    const a = namespace.createQueue("a");
    const b = namespace.createQueue("b", { forwardTo: "a" });
    namespace.updateQueue("a", { forwardTo: "b" });
    a.target.send([sbContent("m")]);
    expect([a.counts.deadLetter + b.counts.deadLetter, a.counts.active, b.counts.active]).toEqual([1, 0, 0]);
  });

  test("to a topic fans out", () => {
    const { namespace } = manualNamespace();
    namespace.createTopic("t");
    const subscriptions = ["x", "y"].map((name) => namespace.createSubscription("t", name));
    namespace.createQueue("source", { forwardTo: "t" }).target.send([sbContent("a")]);
    expect(subscriptions.map(({ mailbox }) => peekIds(mailbox))).toEqual([["a"], ["a"]]);
  });

  test("counts as a send to a target with duplicate detection", () => {
    const { namespace } = manualNamespace();
    const target = namespace.createQueue("target", { requiresDuplicateDetection: true });
    const source = namespace.createQueue("source", { forwardTo: "target" });
    source.target.send([sbContent("a"), sbContent("a")]);
    expect(target.counts.active).toBe(1);
  });
});

describe("forwarding of dead letters", () => {
  test("brings them to the target, ready, uncounted, with their source", () => {
    const { namespace } = manualNamespace();
    const graveyard = namespace.createQueue("graveyard");
    const queue = namespace.createQueue("q", {
      forwardDeadLetteredMessagesTo: "graveyard",
      maxDeliveryCount: 1,
    });
    queue.target.send([sbContent("a")]);
    queue.mailbox.abandon(new TestConsumer(1).attachTo(queue.mailbox).lastToken);
    const { message } = new TestConsumer(1).attachTo(graveyard.mailbox).last;
    expect([message.deadLetterSource, message.deliveryCount]).toEqual(["q", 0]);
    expect(userProperty(message, "DeadLetterReason")).toBe("MaxDeliveryCountExceeded");
    expect(queue.counts.deadLetter).toBe(0);
  });

  test("to a target that is gone leaves transfer dead letters", () => {
    const { namespace } = manualNamespace();
    namespace.createQueue("graveyard");
    const queue = namespace.createQueue("q", { forwardDeadLetteredMessagesTo: "graveyard" });
    namespace.deleteEntity("graveyard");
    queue.target.send([sbContent("a")]);
    queue.mailbox.deadLetter(new TestConsumer(1).attachTo(queue.mailbox).lastToken, { reason: "bad" });
    expect(queue.counts).toMatchObject({ deadLetter: 0, transferDeadLetter: 1 });
  });
});

describe("sub-queues", () => {
  test("are found by path in any case and hold plain messages, also of a session queue", () => {
    const { namespace } = manualNamespace();
    const queue = namespace.createQueue("Orders", { requiresSession: true });
    queue.target.send([sbContent("a", { sessionId: "s" })]);
    const waiter = new TestSessionWaiter();
    queue.mailbox.acceptNextSession(waiter, 1000);
    if (waiter.session === undefined) throw new Error("a session was there");
    queue.mailbox.deadLetter(new TestConsumer(1).attachTo(waiter.session).lastToken, {});
    const deadLetters = namespace.findMailbox("orders/$deadletterqueue");
    expect([deadLetters.path, deadLetters.requiresSession]).toEqual(["Orders/$DeadLetterQueue", false]);
    const consumer = new TestConsumer(1).attachTo(deadLetters);
    expect(consumer.last.message.content.properties.sessionId).toBe("s");
    deadLetters.complete(consumer.lastToken);
    expect(queue.counts).toMatchObject({ active: 0, deadLetter: 0 });
  });

  test("keep the time at which a message was first enqueued, in the order of burial", async () => {
    const { namespace, clock } = manualNamespace();
    const queue = namespace.createQueue("q");
    queue.target.send([sbContent("a"), sbContent("b")]);
    const sentAtMs = clock.now();
    const consumer = new TestConsumer(2).attachTo(queue.mailbox);
    await clock.advance(1000);
    for (const { lockToken } of consumer.deliveries.toReversed())
      queue.mailbox.deadLetter(lockToken ?? "", {});
    const buried = queue.family.deadLetters.peek({ fromSequenceNumber: 0, max: 9 });
    expect(idsOf(buried)).toEqual(["b", "a"]);
    expect(buried.map(({ enqueuedAtMs, sequenceNumber }) => [enqueuedAtMs, sequenceNumber])).toEqual([
      [sentAtMs, 1],
      [sentAtMs, 2],
    ]);
  });
});
