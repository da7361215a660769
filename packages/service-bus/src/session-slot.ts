import { QueueError, type DeadLetterItem, type ItemResult, type ReleaseItem } from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage, ServiceBusSessionReceiver } from "@azure/service-bus";
import type { LockLength } from "./lock-length.ts";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { PROVIDER } from "./refusal.ts";
import { renewLock } from "./renew-lock.ts";
import type { Done, HandleOwner, ServiceBusHandle } from "./service-bus-handle.ts";
import { DONE, Settlements } from "./settlements.ts";

export interface SlotEvents {
  readonly arrived: (handle: ServiceBusHandle) => void;
  /** Nothing of the session is outstanding any more. */
  readonly idle: (slot: SessionSlot) => void;
  /** The lock is gone, and everything outstanding with it. */
  readonly lost: (slot: SessionSlot, error: unknown) => void;
}

class SessionHandle implements ServiceBusHandle {
  readonly message: ServiceBusReceivedMessage;
  readonly owner: SessionSlot;
  freeSlot: (() => void) | undefined;

  constructor(message: ServiceBusReceivedMessage, owner: SessionSlot, freeSlot: () => void) {
    this.message = message;
    this.owner = owner;
    this.freeSlot = freeSlot;
  }

  /** The session's messages share one lock. */
  get leaseUntilMs(): number {
    return this.owner.leaseUntilMs;
  }
}

/**
 * One session that we have locked: `taking` its messages, then `stopping` (no credit; outstanding messages
 * are still settled), then `closed`, or `lost` from either of the first two.
 */
export class SessionSlot implements HandleOwner {
  readonly sessionId: string;
  readonly leaseKey: string;
  readonly startedAtMs: number;
  readonly #session: ServiceBusSessionReceiver;
  readonly #connection: NamespaceConnection;
  readonly #generation: number;
  readonly #locks: LockLength;
  readonly #events: SlotEvents;
  readonly #settlements: Settlements;
  readonly #outstanding = new Set<SessionHandle>();
  /** Slots that stay taken while nobody asks. */
  readonly #owed: (() => void)[] = [];
  #subscription: { close(): Promise<void> } | undefined;
  #state: "taking" | "stopping" | "closed" | "lost" = "taking";
  #stopped: Promise<void> | undefined;
  #ended: Promise<void> | undefined;
  #lossError: unknown;
  /** The date of the lock as it was given, until the first message of the session has come. */
  #lockedUntilUtc: Date | undefined;
  isPaused = false;
  leaseUntilMs: number;

  /** @param turn makes the lease key differ from that of an earlier hand-over of the session */
  constructor(
    session: ServiceBusSessionReceiver,
    turn: number,
    connection: NamespaceConnection,
    locks: LockLength,
    events: SlotEvents,
  ) {
    this.#session = session;
    this.sessionId = session.sessionId;
    this.leaseKey = `${turn}:${session.sessionId}`;
    this.#connection = connection;
    this.#generation = connection.generation;
    this.#locks = locks;
    this.#events = events;
    this.#settlements = new Settlements(session, connection, true);
    this.startedAtMs = locks.now();
    this.#lockedUntilUtc = session.sessionLockedUntilUtc;
    this.leaseUntilMs = locks.untilMs({ lockedUntilUtc: this.#lockedUntilUtc });
  }

  get outstanding(): number {
    return this.#outstanding.size;
  }

  get isGone(): boolean {
    return this.#state === "lost" || this.#state === "closed";
  }

  get isTaking(): boolean {
    return this.#state === "taking";
  }

  /** The service may end the link silently (https://github.com/Azure/azure-sdk-for-js/issues/24540, 2026-11-29). */
  get isDead(): boolean {
    return (this.#state === "taking" || this.#state === "stopping") && this.#session.isClosed;
  }

  /**
   * Takes one message at a time, so that no follower is here when a message is released. Called once: the SDK
   * refuses a second subscription of a session, even after the first has ended.
   */
  start(): void {
    const handlers = {
      processMessage: (message: ServiceBusReceivedMessage) => this.#receive(message),
      processError: async ({ error }: { readonly error: unknown }) => {
        if (this.#session.isClosed) this.lose(error);
      },
    };
    const options = { autoCompleteMessages: false, maxConcurrentCalls: 1 };
    this.#subscription = this.#connection.scoped(() => this.#session.subscribe(handlers, options));
  }

  /** While nobody asks, freed slots bring no new messages. */
  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    for (const free of this.#owed.splice(0)) free();
  }

  /** Takes no more. Resolves when messages under way have arrived: the service answers a drain at once. */
  async stop(): Promise<void> {
    if (this.#state === "taking") this.#state = "stopping";
    this.#stopped ??= this.#subscription?.close();
    await this.#stopped;
  }

  /** Lets the session go. Unsettled messages are available again, and not counted as delivered. */
  async close(): Promise<void> {
    if (this.#state !== "lost") this.#state = "closed";
    this.#ended ??= this.#end();
    await this.#ended;
  }

  async #end(): Promise<void> {
    try {
      await this.#connection.closing(() => this.#session.close(), this.#generation);
    } finally {
      this.#settlements.giveUp(undefined);
    }
  }

  lose(error: unknown): void {
    if (this.#state === "closed" || this.#state === "lost") return;
    this.#state = "lost";
    this.#lossError = error;
    this.#outstanding.clear();
    this.#settlements.giveUp(error);
    this.#events.lost(this, error);
  }

  complete(handle: ServiceBusHandle, signal: AbortSignal, done: Done): void {
    void this.#complete(handle, signal, done);
  }

  /**
   * Does not send back a message that nobody began: releasing it would count as a delivery, letting the
   * session go does not. So the session ends with it.
   */
  async release(item: ReleaseItem<ServiceBusHandle>, signal: AbortSignal): Promise<ItemResult> {
    const { handle, cause, note } = item;
    if (cause === "retry") {
      return await this.#settled(handle, () => this.#settlements.abandon(handle.message, note, signal), true);
    }
    return await this.#settled(handle, async () => {
      void this.stop().catch(() => {});
      return DONE;
    });
  }

  async deadLetter(item: DeadLetterItem<ServiceBusHandle>, signal: AbortSignal): Promise<ItemResult> {
    return await this.#settled(
      item.handle,
      () => this.#settlements.deadLetter(item.handle.message, item, signal),
      true,
    );
  }

  async renew(
    _handle: ServiceBusHandle,
    signal: AbortSignal,
  ): Promise<ItemResult<{ readonly leaseMs: number }>> {
    const gone = this.#ifGone();
    if (gone !== undefined) return gone;
    const result = await renewLock(
      () => this.#session.renewSessionLock(),
      this.#connection,
      this.#locks,
      signal,
    );
    if (result.ok) this.leaseUntilMs = this.#locks.now() + result.value.leaseMs;
    return result;
  }

  /** Never rejects: on an error the SDK would abandon the message by itself, outside our order. */
  async #receive(message: ServiceBusReceivedMessage): Promise<void> {
    if (this.#state === "closed" || this.#state === "lost") return;
    this.#boundLock(message);
    await new Promise<void>((resolve) => {
      const handle = new SessionHandle(message, this, resolve);
      this.#outstanding.add(handle);
      this.#events.arrived(handle);
    });
  }

  /** A session is handed out for a message that waits: the first one was enqueued before the lock was given. */
  #boundLock({ enqueuedTimeUtc }: ServiceBusReceivedMessage): void {
    const lockedUntilUtc = this.#lockedUntilUtc;
    if (lockedUntilUtc === undefined) return;
    this.#lockedUntilUtc = undefined;
    const heldMs = this.#locks.now() - this.startedAtMs;
    this.leaseUntilMs = this.#locks.untilMs({ lockedUntilUtc, enqueuedTimeUtc }) - heldMs;
  }

  async #complete(handle: ServiceBusHandle, signal: AbortSignal, done: Done): Promise<void> {
    done(await this.#settled(handle, () => this.#settlements.complete(handle.message, signal)));
  }

  /**
   * @param isAwaited true if the follower is not asked for before the service has said yes. It would overtake
   *   a message that comes again, or a refused one: that stays locked, with our slot, until the session's
   *   lock ends.
   */
  async #settled(
    handle: ServiceBusHandle,
    settle: () => Promise<ItemResult>,
    isAwaited = false,
  ): Promise<ItemResult> {
    const gone = this.#ifGone();
    if (gone !== undefined) return gone;
    if (!(handle instanceof SessionHandle)) return await settle();
    if (!isAwaited) this.#freeSlot(handle);
    const result = await settle();
    if (result.ok) this.#freeSlot(handle);
    if (result.ok && this.#outstanding.delete(handle) && this.#outstanding.size === 0)
      this.#events.idle(this);
    return result;
  }

  #freeSlot(handle: SessionHandle): void {
    const { freeSlot } = handle;
    handle.freeSlot = undefined;
    if (freeSlot === undefined) return;
    if (this.isPaused) this.#owed.push(freeSlot);
    else freeSlot();
  }

  #ifGone(): { readonly ok: false; readonly error: unknown } | undefined {
    if (!this.isGone) return undefined;
    const what = "the session that the message came from is not locked by this consumer any more";
    const error = new QueueError("LEASE_LOST", { what, provider: PROVIDER, cause: this.#lossError });
    return { ok: false, error };
  }
}
