import {
  StallMeter,
  type Clock,
  type ConsumerEvents,
  type Flow,
  type ReceiveAsk,
  type Timer,
} from "@anyqueue/core/adapter";
import type { EntityReceivers } from "./entity-receivers.ts";
import { field } from "./field.ts";
import { Inbox } from "./inbox.ts";
import type { Intake } from "./intake.ts";
import type { LockLength } from "./lock-length.ts";
import { keepLock } from "./renew-lock.ts";
import type { ServiceBusHandle } from "./service-bus-handle.ts";
import { classifyServiceBusError, isIdleDetach } from "./service-bus-errors.ts";
import { MAX_LINK_CREDIT, REOPEN_PAUSE_MS, WATCHDOG_MS } from "./service-bus-limits.ts";
import type { StreamHandle } from "./stream-handle.ts";
import { StreamLink } from "./stream-link.ts";

/** With more links than this, their credit is gathered again in as few as it needs. */
const MAX_LINKS = 8;
const TICK_MS = 5_000;
const RELEASE_TRIES = 3;

/**
 * Messages of an entity without sessions, pushed. The credit of all links together is what may be outstanding
 * (rule D1). It is raised on open links or by one more link. It is lowered by withholding slots or, if too
 * few messages are in hand for that, by replacing a link: only the end of a subscription calls its credit
 * back.
 */
export class StreamIntake implements Intake {
  readonly #receivers: EntityReceivers;
  readonly #locks: LockLength;
  readonly #clock: Clock;
  readonly #events: ConsumerEvents<ServiceBusHandle>;
  readonly #inbox: Inbox<StreamHandle>;
  readonly #stalls: StallMeter;
  readonly #links: StreamLink[] = [];
  /** Links that bring nothing more and wait for their last settlement. */
  readonly #ending = new Map<StreamLink, Promise<void>>();
  #wanted: number;
  /** Links that wait for the time to open another one in their place. */
  #pauses = 0;
  #adjusting: Promise<void> | undefined;
  #tick: Timer | undefined;
  #isOpen = false;
  #isClosed = false;

  constructor(
    receivers: EntityReceivers,
    locks: LockLength,
    clock: Clock,
    events: ConsumerEvents<ServiceBusHandle>,
    flow: Flow,
  ) {
    this.#receivers = receivers;
    this.#locks = locks;
    this.#clock = clock;
    this.#events = events;
    this.#inbox = new Inbox(clock, (handle) => keepLock(handle, locks));
    this.#stalls = new StallMeter(clock);
    this.#wanted = flow.maxOutstanding;
  }

  /**
   * The peek shows a missing entity or right: the SDK would try to subscribe for ever. It is sent after the
   * first link's opening on the same connection, so that its answer also says that messages can flow.
   */
  async open(signal: AbortSignal): Promise<void> {
    if (this.#isOpen) return;
    this.#isOpen = true;
    try {
      await Promise.all([this.#adjust(), this.#receivers.peek(1, signal)]);
    } catch (error) {
      this.#isOpen = false;
      throw error;
    }
    this.#watch();
    if (!this.#isClosed) this.#stalls.start();
  }

  async setFlow(flow: Flow): Promise<void> {
    this.#wanted = flow.maxOutstanding;
    if (this.#isOpen) await this.#adjust();
  }

  /** Nobody renews a lock in the inbox. If half of it is over, a handler might begin just before its end. */
  async receive(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly ServiceBusHandle[]> {
    return await this.#inbox.take(ask, signal, (handle) => this.#isFresh(handle));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#tick?.cancel();
    this.#stalls.stop();
    this.#inbox.close();
    await this.#adjusting?.catch(() => {});
    const links = [...this.#links.splice(0), ...this.#ending.keys()];
    await Promise.all(links.map((link) => link.stop()));
    await this.#giveBack();
    await Promise.all(links.map((link) => link.close()));
    await Promise.all(this.#ending.values());
  }

  /** Runs one adjustment at a time; a change that comes meanwhile is carried out after it. */
  async #adjust(): Promise<void> {
    const before = this.#adjusting;
    const adjusting = (async () => {
      await before;
      if (!this.#isClosed) await this.#fit();
    })();
    this.#adjusting = adjusting;
    try {
      await adjusting;
    } finally {
      if (this.#adjusting === adjusting) this.#adjusting = undefined;
    }
  }

  async #fit(): Promise<void> {
    let missing = this.#wanted - this.#outstanding();
    if (this.#wanted === 0) {
      await Promise.all(this.#links.splice(0).map((link) => this.#retire(link)));
      await this.#giveBack();
      return;
    }
    for (const link of this.#links) {
      if (missing > 0) missing -= link.restore(missing);
      if (missing > 0) missing -= link.raise(missing);
      else if (missing < 0) missing += link.withhold(-missing);
    }
    while (missing < 0) {
      const link = this.#links.pop();
      if (link === undefined) break;
      await this.#retire(link);
      missing = this.#wanted - this.#outstanding();
    }
    if (missing > 0 && this.#links.length >= MAX_LINKS) {
      const gathered = this.#links.splice(0);
      await Promise.all(gathered.map((link) => this.#retire(link)));
      missing = this.#wanted - this.#outstanding();
    }
    for (; missing > 0 && !this.#isClosed; missing -= MAX_LINK_CREDIT) {
      await this.#add(Math.min(missing, MAX_LINK_CREDIT));
    }
  }

  /** Messages that are credited or in hand. */
  #outstanding(): number {
    let sum = 0;
    for (const { outstanding } of [...this.#links, ...this.#ending.keys()]) sum += outstanding;
    return sum;
  }

  async #add(credit: number): Promise<void> {
    const receiver = await this.#receivers.newReceiver();
    const link = new StreamLink(receiver, credit, this.#receivers, this.#locks, {
      mayHaveWaited: () => this.#stalls.waitedMs(this.#clock.now()) > 0,
      arrived: (handle) => this.#inbox.push(handle),
      failed: (error) => this.#failed(error),
      broken: (broken) => this.#replace(broken),
      freed: () => this.#refill(),
    });
    this.#links.push(link);
    link.open();
  }

  /** Resolves when the link brings nothing more; it closes by itself with its last settlement. */
  async #retire(link: StreamLink): Promise<void> {
    const stopped = link.stop();
    const closed = stopped
      .then(() => link.closeWhenSettled())
      .catch((error: unknown) => this.#events.fault(error));
    this.#ending.set(
      link,
      closed.finally(() => {
        this.#ending.delete(link);
        this.#refill();
      }),
    );
    await stopped.catch(() => {});
  }

  /** What links that bring nothing more have given up leaves room for other links. */
  #refill(): void {
    if (!this.#isClosed && this.#wanted > 0 && this.#pauses === 0)
      void this.#adjust().catch((error: unknown) => this.#failed(error));
  }

  #replace(link: StreamLink): void {
    const at = this.#links.indexOf(link);
    if (at < 0 || this.#isClosed) return;
    this.#links.splice(at, 1);
    this.#pauses += 1;
    void this.#retire(link)
      .then(() => this.#pauseAfter(link))
      .then(() => {
        this.#pauses -= 1;
        this.#refill();
      });
  }

  /** Limits how often a connection that dies again and again is opened. */
  async #pauseAfter({ openedAtMs }: StreamLink): Promise<void> {
    const pauseMs = openedAtMs + REOPEN_PAUSE_MS - this.#clock.now();
    if (pauseMs <= 0) return;
    await new Promise<void>((resolve) => {
      this.#clock.setTimer(resolve, pauseMs);
    });
  }

  /** One that is not comes again when the service has said that its lock lives. */
  #isFresh(handle: StreamHandle): boolean {
    if (handle.isConfirmed || !this.#locks.isHalfOver(handle.leaseUntilMs)) return true;
    void handle.owner.confirm(handle);
    return false;
  }

  async #giveBack(): Promise<void> {
    const { signal } = new AbortController();
    await Promise.all(this.#inbox.takeAll().map((handle) => this.#release(handle, signal)));
  }

  /** Without another try, a connection that dies just now would leave it locked as long as its lock lasts. */
  async #release(handle: ServiceBusHandle, signal: AbortSignal): Promise<void> {
    for (let left = RELEASE_TRIES; left > 0; left -= 1) {
      const result = await handle.owner.release({ handle, delayMs: 0, cause: "unstarted" }, signal);
      if (result.ok) return;
      const { code, retryable } = classifyServiceBusError(result.error, "release");
      // The try before this one has released it.
      if (code === "LEASE_LOST" && left < RELEASE_TRIES) return;
      if (left === 1 || !retryable) {
        this.#events.fault(result.error);
        return;
      }
    }
  }

  #failed(error: unknown): void {
    if (!isIdleDetach(error)) this.#inbox.fail(error, !isDetachToCome(error));
  }

  #watch(): void {
    if (this.#isClosed) return;
    this.#tick = this.#clock.setTimer(() => {
      const nowMs = this.#clock.now();
      for (const link of [...this.#links, ...this.#ending.keys()]) link.prune(nowMs);
      void this.#replaceSilent(nowMs).catch((error: unknown) => this.#events.fault(error));
      this.#watch();
    }, TICK_MS);
  }

  /** A link can fall silent without an error: then messages wait although it has credit for them. */
  async #replaceSilent(nowMs: number): Promise<void> {
    const silent = this.#links.filter((link) => link.isSilent && nowMs - link.lastArrivalMs >= WATCHDOG_MS);
    if (silent.length === 0) return;
    for (const link of silent) link.lastArrivalMs = nowMs;
    const [first] = await this.#receivers.peek(1, new AbortController().signal);
    const number = first?.sequenceNumber?.toString();
    const isWaiting = first?.state === "active" && !this.#links.some((link) => link.holds(number));
    if (!isWaiting || this.#isClosed) return;
    for (const link of silent) {
      const at = this.#links.indexOf(link);
      if (at < 0) continue;
      this.#links.splice(at, 1);
      await this.#retire(link);
    }
    await this.#adjust();
  }
}

/** True if the service has attached a link only to detach it: why, the SDK (7.9.5) tells in its next error. */
function isDetachToCome(error: unknown): boolean {
  return String(field(error, "message")).startsWith("Cannot request messages on the receiver");
}
