import type { DeadLetterItem, ItemResult, ReleaseItem } from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { LockLength } from "./lock-length.ts";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { linkGone, messageLock, renewLock } from "./renew-lock.ts";
import type { HandleOwner, ServiceBusHandle } from "./service-bus-handle.ts";
import { Settlements } from "./settlements.ts";

export interface StreamLinkEvents {
  readonly arrived: (handle: ServiceBusHandle) => void;
  readonly failed: (error: unknown) => void;
}

/** A delivery of a link without sessions. */
class StreamHandle implements ServiceBusHandle {
  readonly message: ServiceBusReceivedMessage;
  readonly owner: StreamLink;
  leaseUntilMs: number;
  /** Lets the SDK ask for one more message; undefined: done already. */
  freeSlot: (() => void) | undefined;

  constructor(
    message: ServiceBusReceivedMessage,
    owner: StreamLink,
    leaseUntilMs: number,
    freeSlot: () => void,
  ) {
    this.message = message;
    this.owner = owner;
    this.leaseUntilMs = leaseUntilMs;
    this.freeSlot = freeSlot;
  }
}

/**
 * One receiver that the service pushes to. Its credit is fixed: the SDK asks for one message more whenever the promise of
 * a message resolves, so a slot is free when that message's settlement begins, and the credit sinks when promises are
 * withheld.
 */
export class StreamLink implements HandleOwner {
  readonly leaseKey: string | undefined = undefined;
  readonly #receiver: ServiceBusReceiver;
  readonly #connection: NamespaceConnection;
  readonly #locks: LockLength;
  readonly #events: StreamLinkEvents;
  readonly #settlements: Settlements;
  readonly #ending = new AbortController();
  /** Handed over or buffered, and not settled. */
  readonly #unsettled = new Set<StreamHandle>();
  readonly #withheld: (() => void)[] = [];
  readonly #granted: number;
  #subscription: { close(): Promise<void> } | undefined;
  #state: "new" | "open" | "ending" | "closed" = "new";
  #onSettled: (() => void) | undefined;
  /** How many slots are, or will be, kept from the SDK. */
  #surplus = 0;
  /** Messages whose slots are not free. */
  inHand = 0;
  /** Monotonic. */
  lastArrivalMs: number;

  constructor(
    receiver: ServiceBusReceiver,
    credit: number,
    connection: NamespaceConnection,
    locks: LockLength,
    events: StreamLinkEvents,
  ) {
    this.#receiver = receiver;
    this.#granted = credit;
    this.#connection = connection;
    this.#locks = locks;
    this.#events = events;
    this.#settlements = new Settlements(receiver, connection);
    this.lastArrivalMs = locks.now();
  }

  /** Messages that may be outstanding on this link. */
  get credit(): number {
    return this.#state === "open" ? this.#granted - this.#surplus : 0;
  }

  get isSilent(): boolean {
    return this.#state === "open" && this.inHand < this.credit;
  }

  holds(sequenceNumber: string | undefined): boolean {
    for (const { message } of this.#unsettled) {
      if (message.sequenceNumber?.toString() === sequenceNumber) return true;
    }
    return false;
  }

  open(): void {
    if (this.#state !== "new") return;
    this.#state = "open";
    const handlers = {
      processMessage: (message: ServiceBusReceivedMessage) => this.#receive(message),
      processError: async ({ error }: { readonly error: unknown }) => {
        if (this.#state === "open") this.#events.failed(error);
      },
    };
    const options = {
      autoCompleteMessages: false,
      maxConcurrentCalls: this.#granted,
      abortSignal: this.#ending.signal,
    };
    this.#subscription = this.#connection.scoped(() => this.#receiver.subscribe(handlers, options));
  }

  /** Lowers the credit as far as messages are in hand. @returns by how much */
  withhold(count: number): number {
    const possible = Math.min(count, this.inHand - (this.#surplus - this.#withheld.length));
    this.#surplus += Math.max(0, possible);
    return Math.max(0, possible);
  }

  /** Raises a lowered credit. @returns by how much */
  restore(count: number): number {
    const possible = Math.min(count, this.#surplus);
    this.#surplus -= possible;
    while (this.#withheld.length > this.#surplus) this.#withheld.pop()?.();
    return possible;
  }

  /** Takes no more; resolves when what was under way has arrived. */
  async stop(): Promise<void> {
    if (this.#state !== "open") return;
    this.#state = "ending";
    // First, so that a subscription that is still trying to begin ends too.
    this.#ending.abort();
    await this.#subscription?.close();
  }

  /** Closes when everything is settled; the handles are worth nothing then (rule D5). */
  async closeWhenSettled(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onSettled = resolve;
      this.#checkSettled();
    });
    await this.close();
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#ending.abort();
    for (const free of this.#withheld.splice(0)) free();
    await this.#receiver.close();
  }

  /** Forgets what nobody will settle any more: its lock has ended. */
  prune(nowMs: number): void {
    for (const handle of this.#unsettled) if (handle.leaseUntilMs < nowMs) this.#forget(handle);
  }

  async complete(handle: ServiceBusHandle, signal: AbortSignal): Promise<ItemResult> {
    return await this.#settled(handle, () => this.#settlements.complete(handle.message, signal));
  }

  async release({ handle, note }: ReleaseItem<ServiceBusHandle>, signal: AbortSignal): Promise<ItemResult> {
    return await this.#settled(handle, () => this.#settlements.abandon(handle.message, note, signal));
  }

  async deadLetter(item: DeadLetterItem<ServiceBusHandle>, signal: AbortSignal): Promise<ItemResult> {
    return await this.#settled(item.handle, () =>
      this.#settlements.deadLetter(item.handle.message, item, signal),
    );
  }

  async renew(
    handle: ServiceBusHandle,
    signal: AbortSignal,
  ): Promise<ItemResult<{ readonly leaseMs: number }>> {
    if (this.#state === "closed") return { ok: false, error: linkGone() };
    const renew = messageLock(this.#receiver, handle.message);
    const result = await renewLock(renew, this.#connection, this.#locks, signal);
    if (result.ok && handle instanceof StreamHandle)
      handle.leaseUntilMs = this.#locks.now() + result.value.leaseMs;
    return result;
  }

  /** Never rejects: an error thrown into the SDK would make it abandon the message by itself, outside our order. */
  async #receive(message: ServiceBusReceivedMessage): Promise<void> {
    if (this.#state === "closed") return;
    this.lastArrivalMs = this.#locks.now();
    await new Promise<void>((resolve) => {
      const handle = new StreamHandle(message, this, this.#locks.untilMs(message.lockedUntilUtc), resolve);
      this.inHand += 1;
      this.#unsettled.add(handle);
      this.#events.arrived(handle);
    });
  }

  async #settled(handle: ServiceBusHandle, settle: () => Promise<ItemResult>): Promise<ItemResult> {
    if (this.#state === "closed" || !(handle instanceof StreamHandle))
      return { ok: false, error: linkGone() };
    // Before the answer: the next message travels while this one is settled.
    this.#freeSlot(handle);
    const result = await settle();
    if (result.ok) this.#forget(handle);
    return result;
  }

  #forget(handle: StreamHandle): void {
    this.#freeSlot(handle);
    this.#unsettled.delete(handle);
    this.#checkSettled();
  }

  #freeSlot(handle: StreamHandle): void {
    const { freeSlot } = handle;
    if (freeSlot === undefined) return;
    handle.freeSlot = undefined;
    this.inHand -= 1;
    if (this.#withheld.length < this.#surplus) this.#withheld.push(freeSlot);
    else freeSlot();
  }

  #checkSettled(): void {
    if (this.#unsettled.size === 0) this.#onSettled?.();
  }
}
