import { expect } from "vitest";
import type {
  Consumer,
  ConsumerHandle,
  Delivery,
  SessionHandle,
} from "../../src/fronts/service-bus/engine/contract.ts";
import type { Queue } from "../../src/fronts/service-bus/engine/queue.ts";
import type { VirtualClock } from "../../src/time/engine-clock.ts";
import { sbContent, tokenOf } from "./service-bus-engine.ts";

export const MAX_DELIVERIES = 2;

interface Held {
  readonly id: string;
  readonly token: string;
  readonly sessionId: string | undefined;
  untilMs: number;
}

type Settlement = "complete" | "abandon" | "defer" | "deadLetter" | "renew" | "expire";

/** A receiver of the books: gets what the mailbox pushes and reports it at once. */
class BookConsumer implements Consumer {
  readonly mode = "peekLock";
  readonly #onDelivery: (delivery: Delivery) => void;
  credit = 0;
  handle: ConsumerHandle | undefined;
  session: SessionHandle | undefined;

  constructor(onDelivery: (delivery: Delivery) => void) {
    this.#onDelivery = onDelivery;
  }

  hasRoom(): boolean {
    return this.credit > 0;
  }

  deliver(delivery: Delivery): void {
    this.credit -= 1;
    this.#onDelivery(delivery);
  }

  end(): void {
    this.handle = undefined;
    this.session = undefined;
  }
}

/** Keeps the books beside a queue: what was sent and finished, who holds what, what counts. */
export class MailboxBooks {
  readonly #queue: Queue;
  readonly #clock: VirtualClock;
  readonly #consumers = [0, 1, 2].map(() => new BookConsumer((delivery) => this.#delivered(delivery)));
  /** Delivery count by id of every message that has not been completed. */
  readonly #counts = new Map<string, number>();
  readonly #buried = new Set<string>();
  readonly #deferred = new Set<number>();
  readonly #held: Held[] = [];
  readonly #problems: string[] = [];
  #sent = 0;

  constructor(queue: Queue, clock: VirtualClock) {
    this.#queue = queue;
    this.#clock = clock;
  }

  send(session: number, timeToLiveMs: number | undefined): void {
    const id = `m${String(this.#sent++)}`;
    this.#counts.set(id, 0);
    this.#queue.target.send([sbContent(id, { sessionId: `s${String(session)}`, timeToLiveMs })]);
  }

  give(place: number, credit: number): void {
    const consumer = this.#consumers[place];
    if (consumer === undefined) return;
    consumer.credit += credit;
    if (consumer.handle === undefined) this.#open(consumer);
    else consumer.handle.roomMade();
  }

  leave(place: number): void {
    const consumer = this.#consumers[place];
    if (consumer === undefined) return;
    consumer.handle?.close();
    const { session } = consumer;
    consumer.end();
    if (session === undefined) return;
    // A session that is given back counts nothing.
    for (const held of this.#held.filter(({ sessionId }) => sessionId === session.sessionId))
      this.#drop(held);
    session.release();
  }

  settle(how: Settlement, pick: number): void {
    this.#loseExpired();
    const held = this.#held[pick];
    if (held === undefined) return;
    const { mailbox } = this.#queue;
    if (how === "renew") {
      const untilMs = mailbox.renewLock(held.token);
      for (const one of this.#held)
        if (one === held || (held.sessionId !== undefined && one.sessionId === held.sessionId))
          one.untilMs = untilMs;
      return;
    }
    this.#drop(held);
    if (how === "complete") this.#counts.delete(held.id);
    else if (how === "deadLetter") this.#buried.add(held.id);
    else this.#counts.set(held.id, (this.#counts.get(held.id) ?? 0) + 1);
    if (how === "complete") mailbox.complete(held.token);
    if (how === "abandon") mailbox.abandon(held.token);
    if (how === "deadLetter") mailbox.deadLetter(held.token, {});
    if (how === "expire") mailbox.expireLock(held.token);
    if (how === "defer") {
      mailbox.defer(held.token);
      this.#deferred.add(this.#numberOf(held.id));
    }
  }

  receiveDeferred(pick: number): void {
    const sequenceNumber = [...this.#deferred][pick];
    const message = this.#queue.mailbox.keeper.shelf.find(sequenceNumber ?? -1);
    if (sequenceNumber === undefined || message?.state !== "deferred") return;
    const { sessionId } = message;
    if (
      this.#queue.mailbox.requiresSession &&
      !this.#consumers.some(({ session }) => session?.sessionId === sessionId)
    )
      return;
    const deliveries = this.#queue.mailbox.receiveDeferred({
      sequenceNumbers: [sequenceNumber],
      mode: "peekLock",
      sessionId,
    });
    for (const delivery of deliveries) this.#hold(delivery);
  }

  /** What the queue says must be what the books say. */
  expectToBalance(): void {
    this.#loseExpired();
    expect(this.#problems).toEqual([]);
    const { shelf } = this.#queue.mailbox.keeper;
    const stored = shelf.all();
    const dead = this.#queue.family.deadLetters.keeper.shelf.all();
    const ids = [...stored, ...dead].map(({ content }) => content.properties.messageId);
    expect(ids.toSorted()).toEqual([...this.#counts.keys()].toSorted());
    const counted = { scheduled: 0, ready: 0, locked: 0, deferred: 0 };
    for (const { state } of stored) if (state !== "gone") counted[state] += 1;
    expect(shelf.counts).toEqual(counted);
    expect(shelf.bytes).toBe(stored.length * 100);
    expect(counted.locked).toBe(this.#held.length);
    for (const { content, deliveryCount, isDeferred } of stored) {
      expect(deliveryCount).toBe(this.#counts.get(content.properties.messageId));
      // A deferral counts and never buries.
      if (!isDeferred) expect(deliveryCount).toBeLessThan(MAX_DELIVERIES);
    }
    for (const { content, deliveryCount, expiresAtMs } of dead) {
      const isWornOut = deliveryCount >= MAX_DELIVERIES;
      const isExpired = expiresAtMs <= this.#clock.now();
      expect(isWornOut || isExpired || this.#buried.has(content.properties.messageId)).toBe(true);
    }
  }

  /** A receiver with room for everything gets whatever is ready. */
  expectToDrain(): void {
    for (const place of [0, 1, 2]) this.leave(place);
    const { mailbox } = this.#queue;
    const ready = mailbox.keeper.shelf.all().filter(({ state }) => state === "ready");
    const got: string[] = [];
    const collector: Consumer = {
      mode: "peekLock",
      hasRoom: () => true,
      deliver: ({ message }) => got.push(message.content.properties.messageId),
      end: () => undefined,
    };
    if (!mailbox.requiresSession) mailbox.attach(collector);
    else for (const id of mailbox.sessionIds(0, 10)) mailbox.acceptSession(id).attach(collector);
    expect(got.toSorted()).toEqual(ready.map(({ content }) => content.properties.messageId).toSorted());
    expect(mailbox.keeper.shelf.counts.ready).toBe(0);
  }

  #open(consumer: BookConsumer): void {
    const { mailbox } = this.#queue;
    if (!mailbox.requiresSession) {
      consumer.handle = mailbox.attach(consumer);
      return;
    }
    const acceptance = mailbox.acceptNextSession(
      {
        granted(session) {
          consumer.session = session;
          consumer.handle = session.attach(consumer);
        },
        failed: () => undefined,
      },
      1000,
    );
    acceptance.cancel();
  }

  #delivered(delivery: Delivery): void {
    this.#loseExpired();
    this.#checkOrder(delivery);
    this.#hold(delivery);
  }

  #hold({ message, ...delivery }: Delivery): void {
    const id = message.content.properties.messageId;
    if (this.#held.some((held) => held.id === id)) this.#problems.push(`${id} is in two hands`);
    if (message.deliveryCount !== this.#counts.get(id)) this.#problems.push(`${id} is miscounted`);
    const { sessionId } = message.content.properties;
    this.#held.push({
      id,
      token: tokenOf({ message, ...delivery }),
      sessionId: this.#queue.mailbox.requiresSession ? sessionId : undefined,
      untilMs: delivery.lockedUntilMs ?? 0,
    });
  }

  /** Nothing earlier may be left behind, in the session if there are any. */
  #checkOrder({ message }: Delivery): void {
    const { mailbox } = this.#queue;
    const { sessionId } = message.content.properties;
    const earlier = mailbox.keeper.shelf
      .all()
      .filter((other) => other.state === "ready" && other.sequenceNumber < message.sequenceNumber)
      .filter((other) => !mailbox.requiresSession || other.sessionId === sessionId);
    if (earlier.length > 0) this.#problems.push(`${message.content.properties.messageId} came too early`);
  }

  /** Locks that have run out count as a delivery. */
  #loseExpired(): void {
    for (const held of this.#held.filter(({ untilMs }) => untilMs <= this.#clock.now())) {
      this.#drop(held);
      if (this.#isAlive(held.id)) this.#counts.set(held.id, (this.#counts.get(held.id) ?? 0) + 1);
    }
  }

  /** A message whose time ran out under its lock ends with the lock, and is not counted any more. */
  #isAlive(id: string): boolean {
    const stored = this.#queue.mailbox.keeper.shelf.all();
    const dead = this.#queue.family.deadLetters.keeper.shelf.all();
    if (stored.some(({ content }) => content.properties.messageId === id)) return true;
    const buried = dead.find(({ content }) => content.properties.messageId === id);
    return buried !== undefined && buried.deliveryCount >= MAX_DELIVERIES;
  }

  #drop(held: Held): void {
    const place = this.#held.indexOf(held);
    if (place >= 0) this.#held.splice(place, 1);
  }

  #numberOf(id: string): number {
    const message = this.#queue.mailbox.keeper.shelf
      .all()
      .find(({ content }) => content.properties.messageId === id);
    return message?.sequenceNumber ?? -1;
  }
}
