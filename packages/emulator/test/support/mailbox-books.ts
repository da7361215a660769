import type {
  Consumer,
  ConsumerHandle,
  Delivery,
  SessionHandle,
} from "../../src/fronts/service-bus/engine/contract.ts";
import type { MessageContent } from "../../src/fronts/service-bus/engine/message-content.ts";
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

type Settlement = "complete" | "abandon" | "release" | "defer" | "deadLetter" | "renew" | "expire";

/** The state of a queue at one moment, limited to what can also be known from outside. */
interface BooksView {
  /** Ids of all messages that are not completed, including dead letters. */
  readonly ids: readonly string[];
  readonly deliveryCounts: Readonly<Record<string, number>>;
  readonly locked: number;
  readonly counts: Readonly<Record<"scheduled" | "ready" | "locked" | "deferred", number>>;
  readonly bytes: number;
  readonly problems: readonly string[];
}

/** A receiver that reports to the books at once what the mailbox pushes. */
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

/** A model beside a queue: what was sent and finished, who holds what, and what counts. */
export class MailboxBooks {
  readonly #queue: Queue;
  readonly #clock: VirtualClock;
  readonly #consumers = [0, 1, 2].map(() => new BookConsumer((delivery) => this.#delivered(delivery)));
  /** Delivery count by id of every message that was not completed. */
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
    // Giving back a session counts no delivery.
    for (const held of this.#held.filter(({ sessionId }) => sessionId === session.sessionId))
      this.#drop(held);
    session.release();
  }

  settle(how: Settlement, pick: number): void {
    this.#loseExpired();
    const [held, { mailbox }] = [this.#held[pick], this.#queue];
    if (held === undefined) return;
    if (how === "renew") {
      const untilMs = mailbox.renewLock(held.token);
      const isSame = ({ sessionId }: Held): boolean =>
        sessionId !== undefined && sessionId === held.sessionId;
      for (const one of this.#held) if (one === held || isSame(one)) one.untilMs = untilMs;
      return;
    }
    this.#drop(held);
    if (how === "deadLetter") this.#buried.add(held.id);
    else if (how === "complete") this.#counts.delete(held.id);
    else if (how !== "release") this.#counts.set(held.id, (this.#counts.get(held.id) ?? 0) + 1);
    if (how === "complete") mailbox.complete(held.token);
    if (how === "abandon") mailbox.abandon(held.token);
    if (how === "release") mailbox.release(held.token);
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

  /** What the queue reports. It must equal what the books say at any moment. */
  queueView(): BooksView {
    this.#loseExpired();
    const { shelf } = this.#queue.mailbox.keeper;
    const stored = shelf.all();
    const dead = this.#queue.family.deadLetters.keeper.shelf.all();
    const now = this.#clock.now();
    const unexplained = dead.filter(
      ({ content, deliveryCount, expiresAtMs }) =>
        deliveryCount < MAX_DELIVERIES && expiresAtMs > now && !this.#buried.has(idOf(content)),
    );
    // A deferral counts as a delivery but never dead-letters.
    const wornOut = stored.filter(
      ({ isDeferred, deliveryCount }) => !isDeferred && deliveryCount >= MAX_DELIVERIES,
    );
    return {
      ids: [...stored, ...dead].map(({ content }) => idOf(content)).toSorted(),
      deliveryCounts: Object.fromEntries(
        stored.map(({ content, deliveryCount }) => [idOf(content), deliveryCount]),
      ),
      locked: stored.filter(({ state }) => state === "locked").length,
      counts: { ...shelf.counts },
      bytes: shelf.bytes,
      problems: [
        ...this.#problems,
        ...unexplained.map(({ content }) => `${idOf(content)} was buried for no reason`),
        ...wornOut.map(({ content }) => `${idOf(content)} was not buried`),
      ],
    };
  }

  booksView(): BooksView {
    const stored = this.#queue.mailbox.keeper.shelf.all();
    const counts = { scheduled: 0, ready: 0, locked: 0, deferred: 0 };
    for (const { state } of stored) if (state !== "gone") counts[state] += 1;
    return {
      ids: [...this.#counts.keys()].toSorted(),
      deliveryCounts: Object.fromEntries(
        stored.map(({ content }) => [idOf(content), this.#counts.get(idOf(content)) ?? -1]),
      ),
      locked: this.#held.length,
      counts,
      bytes: stored.length * 100,
      problems: [],
    };
  }

  readyIds(): string[] {
    const ready = this.#queue.mailbox.keeper.shelf.all().filter(({ state }) => state === "ready");
    return ready.map(({ content }) => idOf(content)).toSorted();
  }

  /** What a receiver with unlimited room gets when all others have left. */
  drain(): string[] {
    const { mailbox } = this.#queue;
    const got: string[] = [];
    const collector: Consumer = {
      mode: "peekLock",
      hasRoom: () => true,
      deliver: ({ message }) => got.push(idOf(message.content)),
      end: () => undefined,
    };
    if (!mailbox.requiresSession) mailbox.attach(collector);
    else for (const id of mailbox.sessionIds(0, 10)) mailbox.acceptSession(id).attach(collector);
    return got.toSorted();
  }

  leaveAll(): void {
    for (const place of this.#consumers.keys()) this.leave(place);
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
    const id = idOf(message.content);
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

  /** No earlier message may be left behind, within its session if there are sessions. */
  #checkOrder({ message }: Delivery): void {
    const { mailbox } = this.#queue;
    const { sessionId } = message.content.properties;
    const earlier = mailbox.keeper.shelf
      .all()
      .filter((other) => other.state === "ready" && other.sequenceNumber < message.sequenceNumber)
      .filter((other) => !mailbox.requiresSession || other.sessionId === sessionId);
    if (earlier.length > 0) this.#problems.push(`${idOf(message.content)} came too early`);
  }

  /** Locks that have run out count as a delivery. */
  #loseExpired(): void {
    for (const held of this.#held.filter(({ untilMs }) => untilMs <= this.#clock.now())) {
      this.#drop(held);
      if (this.#isAlive(held.id)) this.#counts.set(held.id, (this.#counts.get(held.id) ?? 0) + 1);
    }
  }

  /** A message that expires under its lock ends with the lock, and is no longer counted. */
  #isAlive(id: string): boolean {
    const stored = this.#queue.mailbox.keeper.shelf.all();
    const dead = this.#queue.family.deadLetters.keeper.shelf.all();
    if (stored.some(({ content }) => idOf(content) === id)) return true;
    const buried = dead.find(({ content }) => idOf(content) === id);
    return buried !== undefined && buried.deliveryCount >= MAX_DELIVERIES;
  }

  #drop(held: Held): void {
    const place = this.#held.indexOf(held);
    if (place >= 0) this.#held.splice(place, 1);
  }

  #numberOf(id: string): number {
    const message = this.#queue.mailbox.keeper.shelf.all().find(({ content }) => idOf(content) === id);
    return message?.sequenceNumber ?? -1;
  }
}

function idOf(content: MessageContent): string {
  return content.properties.messageId;
}
