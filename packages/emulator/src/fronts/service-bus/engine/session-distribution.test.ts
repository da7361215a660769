import { describe, expect, test } from "vitest";
import {
  manualNamespace,
  sbContent,
  TestConsumer,
  TestSessionWaiter,
  tokenOf,
} from "../../../../test/support/service-bus-engine.ts";
import type { QueueSettings } from "./entity-settings.ts";
import type { Queue } from "./queue.ts";

const SESSION_LOST = expect.objectContaining({ condition: "com.microsoft:session-lock-lost" });

function sessionQueue(settings: Partial<QueueSettings> = {}): {
  readonly queue: Queue;
  readonly clock: ReturnType<typeof manualNamespace>["clock"];
} {
  const { clock, namespace } = manualNamespace();
  return { clock, queue: namespace.createQueue("q", { requiresSession: true, ...settings }) };
}

/** Sends messages to the session named by their first character: `a1` goes to session `a`. */
function send(queue: Queue, ...ids: readonly string[]): void {
  queue.target.send(ids.map((id) => sbContent(id, { sessionId: id.slice(0, 1) })));
}

function waitFor(queue: Queue, timeoutMs = 1000): TestSessionWaiter & { cancel?: () => void } {
  const waiter = new TestSessionWaiter();
  return Object.assign(waiter, queue.mailbox.acceptNextSession(waiter, timeoutMs));
}

describe("acceptance by name", () => {
  test("locks the session for one receiver, which gets its messages alone and in order", () => {
    const { queue, clock } = sessionQueue({ lockDurationMs: 20_000 });
    send(queue, "a1", "b1", "a2");
    const session = queue.mailbox.acceptSession("a");
    const consumer = new TestConsumer(9).attachTo(session);
    expect([consumer.ids, session.lockedUntilMs]).toEqual([["a1", "a2"], clock.now() + 20_000]);
    expect(consumer.last.lockedUntilMs).toBe(session.lockedUntilMs);
    send(queue, "a3", "b2");
    expect(consumer.ids).toEqual(["a1", "a2", "a3"]);
  });

  test("is refused while another holds the session, and granted after its release", () => {
    const { queue } = sessionQueue();
    const session = queue.mailbox.acceptSession("a");
    expect(() => queue.mailbox.acceptSession("a")).toThrow(
      expect.objectContaining({ condition: "com.microsoft:session-cannot-be-locked" }),
    );
    session.release();
    expect(queue.mailbox.acceptSession("a").sessionId).toBe("a");
  });

  test("works for a session without messages, which is forgotten when it is released", () => {
    const { queue } = sessionQueue();
    const session = queue.mailbox.acceptSession("empty");
    const consumer = new TestConsumer(1).attachTo(session);
    queue.target.send([sbContent("m", { sessionId: "empty" })]);
    queue.mailbox.complete(consumer.lastToken);
    session.release();
    expect(queue.mailbox.sessionIds(0, 10)).toEqual([]);
  });
});

describe("acceptance of any session", () => {
  test("grants at once the session that has waited longest", () => {
    const { queue } = sessionQueue();
    send(queue, "b1", "a1", "b2");
    expect([waitFor(queue).session?.sessionId, waitFor(queue).session?.sessionId]).toEqual(["b", "a"]);
  });

  test("waits for a session to get a message, first come first served", () => {
    const { queue } = sessionQueue();
    const [first, second] = [waitFor(queue), waitFor(queue)];
    send(queue, "a1", "a2");
    expect([first.session?.sessionId, second.session]).toEqual(["a", undefined]);
    send(queue, "b1");
    expect(second.session?.sessionId).toBe("b");
  });

  test("waits for a session to be released with messages left", () => {
    const { queue } = sessionQueue();
    send(queue, "a1");
    const holder = queue.mailbox.acceptSession("a");
    const waiter = waitFor(queue);
    expect(waiter.session).toBeUndefined();
    holder.release();
    expect(waiter.session?.sessionId).toBe("a");
  });

  test("fails with a timeout at its time, and grants nothing after that", async () => {
    const { queue, clock } = sessionQueue();
    const waiter = waitFor(queue, 5000);
    await clock.advance(4999);
    expect(waiter.error).toBeUndefined();
    await clock.advance(1);
    send(queue, "a1");
    expect([waiter.error?.condition, waiter.session]).toEqual(["com.microsoft:timeout", undefined]);
  });

  test("can be cancelled, and the session goes to the next one", () => {
    const { queue, clock } = sessionQueue();
    const [first, second] = [waitFor(queue), waitFor(queue)];
    first.cancel?.();
    second.cancel?.();
    const third = waitFor(queue);
    send(queue, "a1");
    expect([first.session, second.session, third.session?.sessionId]).toEqual([undefined, undefined, "a"]);
    third.session?.release();
    queue.mailbox.purge();
    expect(clock.nextDeadline()).toBeUndefined();
  });

  test("passes over a session whose messages are gone or deferred", () => {
    const { queue } = sessionQueue();
    send(queue, "a1", "b1");
    const session = queue.mailbox.acceptSession("a");
    queue.mailbox.defer(new TestConsumer(1).attachTo(session).lastToken);
    session.release();
    expect(waitFor(queue).session?.sessionId).toBe("b");
    expect(waitFor(queue).session).toBeUndefined();
  });

  test("starves no session: one that returns goes to the end of the line", () => {
    const { queue } = sessionQueue();
    send(queue, "a1", "a2", "b1", "c1");
    const served = Array.from({ length: 4 }, () => {
      const { session } = waitFor(queue);
      session?.release();
      return session?.sessionId;
    });
    expect(served).toEqual(["a", "b", "c", "a"]);
  });
});

describe("the lock of a session", () => {
  test("runs out for all its messages: the receiver is told and they return in order, counted", async () => {
    const { queue, clock } = sessionQueue({ lockDurationMs: 10_000 });
    send(queue, "a1", "a2", "a3");
    const consumer = new TestConsumer(2).attachTo(queue.mailbox.acceptSession("a"));
    const token = consumer.lastToken;
    await clock.advance(10_000);
    expect(consumer.ended?.condition).toBe("com.microsoft:session-lock-lost");
    expect(() => {
      queue.mailbox.complete(token);
    }).toThrow(SESSION_LOST);
    const next = new TestConsumer(9).attachTo(queue.mailbox.acceptSession("a"));
    expect(next.ids).toEqual(["a1", "a2", "a3"]);
    expect(next.deliveries.map(({ message }) => message.deliveryCount)).toEqual([1, 1, 0]);
  });

  test("is renewed by the session or by any of its messages", async () => {
    const { queue, clock } = sessionQueue({ lockDurationMs: 10_000 });
    send(queue, "a1");
    const session = queue.mailbox.acceptSession("a");
    const consumer = new TestConsumer(1).attachTo(session);
    await clock.advance(9_000);
    expect(queue.mailbox.renewSessionLock("a")).toBe(clock.now() + 10_000);
    await clock.advance(9_000);
    expect(queue.mailbox.renewLock(consumer.lastToken)).toBe(session.lockedUntilMs);
    await clock.advance(9_999);
    expect(consumer.ended).toBeUndefined();
    await clock.advance(1);
    expect(() => queue.mailbox.renewSessionLock("a")).toThrow(SESSION_LOST);
  });

  test("stays when its consumer closes, which gets nothing more", () => {
    const { queue } = sessionQueue();
    const session = queue.mailbox.acceptSession("a");
    const consumer = new TestConsumer(9).attachTo(session);
    consumer.close();
    send(queue, "a1");
    expect(consumer.ids).toEqual([]);
    const next = new TestConsumer(9).attachTo(session);
    consumer.close();
    send(queue, "a2");
    expect(next.ids).toEqual(["a1", "a2"]);
  });

  test("given back returns unsettled messages uncounted, and only the first time", () => {
    const { queue } = sessionQueue();
    send(queue, "a1", "a2");
    const session = queue.mailbox.acceptSession("a");
    new TestConsumer(1).attachTo(session);
    session.release();
    const next = queue.mailbox.acceptSession("a");
    session.release();
    const consumer = new TestConsumer(9).attachTo(next);
    expect(consumer.deliveries.map(({ message }) => message.deliveryCount)).toEqual([0, 0]);
    expect(() => session.attach(new TestConsumer(1))).toThrow(SESSION_LOST);
  });

  test("is lost at once when a fault says so", () => {
    const { queue } = sessionQueue();
    send(queue, "a1");
    const consumer = new TestConsumer(1).attachTo(queue.mailbox.acceptSession("a"));
    expect([queue.mailbox.loseSession("a"), queue.mailbox.loseSession("a")]).toEqual([true, false]);
    expect(consumer.ended?.condition).toBe("com.microsoft:session-lock-lost");
  });

  test("dead-letters a message whose deliveries are used up when it is lost", () => {
    const { queue } = sessionQueue({ maxDeliveryCount: 1 });
    send(queue, "a1", "a2");
    new TestConsumer(1).attachTo(queue.mailbox.acceptSession("a"));
    queue.mailbox.loseSession("a");
    expect(queue.counts).toMatchObject({ active: 1, deadLetter: 1 });
  });
});

describe("messages of a session", () => {
  test("come back to the front when they are abandoned, or when one lock is expired by a fault", () => {
    const { queue } = sessionQueue();
    send(queue, "a1", "a2");
    const consumer = new TestConsumer(1).attachTo(queue.mailbox.acceptSession("a"));
    queue.mailbox.abandon(consumer.lastToken);
    consumer.give(1);
    queue.mailbox.expireLock(consumer.lastToken);
    consumer.give(2);
    expect(consumer.ids).toEqual(["a1", "a1", "a1", "a2"]);
    expect(consumer.deliveries[2]?.message.deliveryCount).toBe(2);
  });

  test("are received when deferred by the holder of their session only", () => {
    const { queue } = sessionQueue();
    send(queue, "a1", "b1");
    const holder = new TestConsumer(1).attachTo(queue.mailbox.acceptSession("a"));
    queue.mailbox.defer(holder.lastToken);
    queue.mailbox.acceptSession("b");
    const ask = (sessionId: string) => () =>
      queue.mailbox.receiveDeferred({ sequenceNumbers: [1], mode: "peekLock", sessionId });
    expect(ask("b")).toThrow(expect.objectContaining({ condition: "com.microsoft:message-not-found" }));
    expect(ask("c")).toThrow(SESSION_LOST);
    const [delivery] = ask("a")();
    if (delivery !== undefined) queue.mailbox.complete(tokenOf(delivery));
    expect(queue.counts.active).toBe(1);
  });

  test("are delivered twice under two locks when a fault says so", () => {
    const { queue } = sessionQueue();
    send(queue, "a1");
    const consumer = new TestConsumer(2).attachTo(queue.mailbox.acceptSession("a"));
    expect(queue.mailbox.deliverAgain(consumer.lastToken)).toBe(true);
    const [first, second] = consumer.deliveries.map(tokenOf);
    queue.mailbox.complete(second ?? "");
    expect(() => {
      queue.mailbox.complete(first ?? "");
    }).toThrow(SESSION_LOST);
  });

  test("need a session id to be sent", () => {
    const { queue } = sessionQueue();
    expect(() => {
      queue.target.send([sbContent("m")]);
    }).toThrow(expect.objectContaining({ condition: "amqp:not-allowed" }));
  });
});

describe("session state", () => {
  test("outlives messages and receivers until it is cleared", () => {
    const { queue } = sessionQueue();
    const state = Buffer.from("half done");
    const session = queue.mailbox.acceptSession("a");
    queue.mailbox.setSessionState("a", state);
    session.release();
    expect(queue.mailbox.sessionIds(0, 10)).toEqual(["a"]);
    const next = queue.mailbox.acceptSession("a");
    expect(queue.mailbox.sessionState("a")).toBe(state);
    queue.mailbox.setSessionState("a", null);
    next.release();
    expect(queue.mailbox.sessionIds(0, 10)).toEqual([]);
  });

  test("belongs to the holder", () => {
    const { queue } = sessionQueue();
    send(queue, "a1");
    expect(() => queue.mailbox.sessionState("a")).toThrow(SESSION_LOST);
    expect(() => {
      queue.mailbox.setSessionState("a", null);
    }).toThrow(SESSION_LOST);
  });
});

test("lists sessions by id, in pages", () => {
  const { queue } = sessionQueue();
  send(queue, "c1", "a1", "b1");
  expect([queue.mailbox.sessionIds(0, 2), queue.mailbox.sessionIds(2, 2)]).toEqual([["a", "b"], ["c"]]);
});

test("refuses receivers of the wrong kind", () => {
  const { clock, namespace } = manualNamespace();
  const plain = namespace.createQueue("plain");
  const sessions = namespace.createQueue("sessions", { requiresSession: true });
  const notAllowed = expect.objectContaining({ condition: "amqp:not-allowed" });
  expect(() => sessions.mailbox.attach(new TestConsumer(1))).toThrow(notAllowed);
  expect(() => plain.mailbox.acceptSession("a")).toThrow(notAllowed);
  expect(() => plain.mailbox.acceptNextSession(new TestSessionWaiter(), 1000)).toThrow(notAllowed);
  expect(() => plain.mailbox.sessionIds(0, 1)).toThrow(notAllowed);
  expect(clock.nextDeadline()).toBeUndefined();
});
