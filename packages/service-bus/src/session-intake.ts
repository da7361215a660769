import type { Clock, ConsumerEvents, Flow, ReceiveAsk, Timer } from "@anyqueue/core/adapter";
import type { EntityReceivers } from "./entity-receivers.ts";
import { Inbox } from "./inbox.ts";
import type { Intake } from "./intake.ts";
import type { LockLength } from "./lock-length.ts";
import { keepLock } from "./renew-lock.ts";
import { isIdleDetach } from "./service-bus-errors.ts";
import type { ServiceBusHandle } from "./service-bus-handle.ts";
import { REQUEST_TIMEOUT_MS } from "./service-bus-limits.ts";
import { SessionPump } from "./session-pump.ts";
import { SessionSlot, type SlotEvents } from "./session-slot.ts";

/** How long sessions stay locked between two asks: the next ask finds what came too late for this one. */
const LINGER_MS = 100;
/** Time to lock a session and to get its first message: the least, and in round trips (four, and some to spare). */
const FIRST_MESSAGE_WAIT_MS = 400;
const FIRST_MESSAGE_TRIPS = 6;

interface SlotHandle extends ServiceBusHandle {
  readonly owner: SessionSlot;
}

/** Messages of an entity with sessions: pushed as the flow says or, in pull mode, while somebody asks. */
export class SessionIntake implements Intake {
  readonly #receivers: EntityReceivers;
  readonly #locks: LockLength;
  readonly #clock: Clock;
  readonly #events: ConsumerEvents<ServiceBusHandle>;
  readonly #isPull: boolean;
  readonly #inbox: Inbox<SlotHandle>;
  readonly #pump: SessionPump<SessionSlot>;
  readonly #slotEvents: SlotEvents;
  readonly #closing = new AbortController();
  #flow: Flow;
  #turns = 0;
  #asks = 0;
  /** As the last look took. */
  #roundTripMs = Number.POSITIVE_INFINITY;
  #isOpen = false;
  #linger: Timer | undefined;
  #stopListening: (() => void) | undefined;

  constructor(
    receivers: EntityReceivers,
    locks: LockLength,
    clock: Clock,
    events: ConsumerEvents<ServiceBusHandle>,
    { flow, mode }: { readonly flow: Flow; readonly mode: "stream" | "pull" },
  ) {
    this.#receivers = receivers;
    this.#locks = locks;
    this.#clock = clock;
    this.#events = events;
    this.#flow = flow;
    this.#isPull = mode === "pull";
    this.#inbox = new Inbox(clock, (handle) => keepLock(handle, locks));
    this.#pump = new SessionPump({
      clock,
      accept: (signal) => this.#accept(signal),
      failed: (error) => {
        if (!isIdleDetach(error)) this.#inbox.fail(error);
      },
    });
    this.#slotEvents = {
      arrived: (handle) => this.#arrived(handle),
      idle: (slot) => this.#pump.idle(slot),
      lost: (slot, error) => {
        this.#events.leasesLost({ leaseKey: slot.leaseKey }, error);
        this.#pump.lost(slot);
      },
    };
  }

  /** The peek shows a missing entity or right; the accepts that follow would be repeated for ever. */
  async open(signal: AbortSignal): Promise<void> {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#stopListening ??= this.#receivers.connection.onDeath((error) => this.#pump.loseAll(error));
    try {
      await this.#receivers.peek(1, signal);
    } catch (error) {
      this.#isOpen = false;
      throw error;
    }
    if (!this.#isPull) this.#pump.setLanes(this.#lanes());
  }

  async setFlow(flow: Flow): Promise<void> {
    this.#flow = flow;
    if (this.#isPull || !this.#isOpen) return;
    this.#pump.setLanes(this.#lanes());
    if (this.#lanes() === 0) await this.#giveBack();
  }

  async receive(ask: ReceiveAsk, signal: AbortSignal): Promise<readonly ServiceBusHandle[]> {
    if (!this.#isPull) return await this.#inbox.take(ask, signal, isAlive);
    this.#asks += 1;
    this.#linger?.cancel();
    this.#linger = undefined;
    this.#pump.wake(this.#lanes());
    try {
      return await this.#inbox.take(await this.#patient(ask), signal, isAlive);
    } finally {
      this.#asks -= 1;
      if (this.#asks === 0) this.#restLater();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#linger?.cancel();
    this.#stopListening?.();
    this.#inbox.close();
    this.#inbox.takeAll();
    await this.#pump.close();
  }

  #lanes(): number {
    // A session has one message outstanding at a time.
    return Math.min(this.#flow.lanes, this.#flow.maxOutstanding);
  }

  async #accept(signal: AbortSignal): Promise<SessionSlot> {
    const session = await this.#receivers.acceptSession(signal);
    this.#turns += 1;
    return new SessionSlot(session, this.#turns, this.#receivers.connection, this.#locks, this.#slotEvents);
  }

  #arrived(handle: ServiceBusHandle): void {
    if (!isOfSlot(handle)) return;
    this.#pump.arrived(handle.owner);
    this.#inbox.push(handle);
    if (this.#isPull && this.#isResting) void this.#giveBack();
  }

  #restLater(): void {
    if (this.#closing.signal.aborted) return;
    this.#linger = this.#clock.setTimer(() => {
      this.#linger = undefined;
      this.#pump.rest();
      void this.#giveBack();
    }, LINGER_MS);
  }

  /** True if nobody asks, and nobody has asked for a moment. */
  get #isResting(): boolean {
    return this.#asks === 0 && this.#linger === undefined;
  }

  /**
   * A session that an ask has begun to lock is let go with it: without the time for both, asks would never find
   * anything, however many there are.
   */
  async #patient(ask: ReceiveAsk): Promise<ReceiveAsk> {
    if (ask.waitMs >= this.#firstMessageMs || this.#inbox.length > 0) return ask;
    const askedAtMs = this.#clock.now();
    const [first] = await this.#receivers.peek(1, this.#closing.signal);
    this.#roundTripMs = this.#clock.now() - askedAtMs;
    const leftMs = Math.max(0, ask.waitMs - this.#roundTripMs);
    return { ...ask, waitMs: first === undefined ? leftMs : Math.max(leftMs, this.#firstMessageMs) };
  }

  get #firstMessageMs(): number {
    const neededMs = Math.max(FIRST_MESSAGE_WAIT_MS, FIRST_MESSAGE_TRIPS * this.#roundTripMs);
    return Math.min(REQUEST_TIMEOUT_MS, neededMs);
  }

  async #giveBack(): Promise<void> {
    const { signal } = new AbortController();
    for (const handle of this.#inbox.takeAll()) {
      await handle.owner.release({ handle, delayMs: 0, cause: "unstarted" }, signal);
    }
  }
}

/** False if its session was lost while nobody asked. */
function isAlive({ owner }: SlotHandle): boolean {
  return !owner.isGone;
}

function isOfSlot(handle: ServiceBusHandle): handle is SlotHandle {
  return handle.owner instanceof SessionSlot;
}
