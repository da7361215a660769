import { LinkedList, type DeadLetterItem, type ItemResult, type ReleaseItem } from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import { field } from "./field.ts";
import type { LeanMessage } from "./lean-message.ts";
import { LeanStream } from "./lean-stream.ts";
import type { LockLength } from "./lock-length.ts";
import type { EntityReceivers } from "./entity-receivers.ts";
import { raiseCredit } from "./raise-credit.ts";
import { linkGone } from "./renew-lock.ts";
import { classifyServiceBusError } from "./service-bus-errors.ts";
import type { Done, ServiceBusHandle } from "./service-bus-handle.ts";
import { MAX_LINK_CREDIT } from "./service-bus-limits.ts";
import { SettlingSide } from "./settling-side.ts";
import { StreamHandle, type StreamOwner } from "./stream-handle.ts";

export interface StreamLinkEvents {
  /** True if a message read now may have waited while the process stood still, and its lock with it. */
  readonly mayHaveWaited: () => boolean;
  readonly arrived: (handle: StreamHandle) => void;
  readonly failed: (error: unknown) => void;
  /** Its messages must be settled elsewhere: another link has to take its place. */
  readonly broken: (link: StreamLink) => void;
  /** It brings nothing more, and has one message less in hand: there is room for one on another link. */
  readonly freed: () => void;
}

/**
 * One receiver that the service pushes to. The SDK asks for one more message whenever the promise of a
 * message resolves. So a slot is free when that message's settlement begins, and withheld promises lower the
 * credit.
 */
export class StreamLink implements StreamOwner {
  readonly leaseKey: string | undefined = undefined;
  readonly #receiver: ServiceBusReceiver;
  readonly #receivers: EntityReceivers;
  readonly #locks: LockLength;
  readonly #events: StreamLinkEvents;
  readonly #settling: SettlingSide;
  readonly #ending = new AbortController();
  /** Handed over or buffered, and not settled. */
  readonly #unsettled = new LinkedList<StreamHandle>();
  readonly #withheld: (() => void)[] = [];
  #granted: number;
  #lean: LeanStream | undefined;
  #subscription: { close(): Promise<void> } | undefined;
  #state: "new" | "open" | "ending" | "closed" = "new";
  #onSettled: (() => void) | undefined;
  /** False: nothing more can come. */
  #mayBring = true;
  /** How many slots are, or will be, withheld from the SDK. */
  #surplus = 0;
  /** Messages whose slots are not free. */
  #inHand = 0;
  /** In monotonic time. */
  readonly openedAtMs: number;
  lastArrivalMs: number;

  constructor(
    receiver: ServiceBusReceiver,
    credit: number,
    receivers: EntityReceivers,
    locks: LockLength,
    events: StreamLinkEvents,
  ) {
    this.#receiver = receiver;
    this.#granted = credit;
    this.#receivers = receivers;
    this.#locks = locks;
    this.#events = events;
    this.#settling = new SettlingSide(receiver, receivers, locks, (_error, wasUp) => {
      // A link that brings nothing more needs no other in its place, but its messages a way to be settled.
      if (this.#state === "ending") this.#settling.breakOff();
      // A client that is replaced takes its idle links with it.
      else this.#break(wasUp && !receivers.connection.isForeign);
    });
    this.openedAtMs = locks.now();
    this.lastArrivalMs = this.openedAtMs;
  }

  /** Messages that may be outstanding on this link, now and until it is given more. */
  get outstanding(): number {
    return this.#mayBring ? this.#granted - this.#surplus : this.#inHand;
  }

  get isSilent(): boolean {
    return this.#state === "open" && this.#inHand < this.outstanding;
  }

  /** True if messages may be on their way. If the SDK does not show its link, only an arrival tells. */
  get #isAttached(): boolean {
    return this.#lean?.isOpen ?? this.lastArrivalMs > this.openedAtMs;
  }

  holds(sequenceNumber: string | undefined): boolean {
    return this.#unsettled.toArray().some((handle) => handle.sequenceNumber === sequenceNumber);
  }

  open(): void {
    if (this.#state !== "new") return;
    this.#state = "open";
    const { connection } = this.#receivers;
    const handlers = {
      processMessage: (message: ServiceBusReceivedMessage) => this.#receive(message),
      processError: async ({ error }: { readonly error: unknown }) => {
        // An abort is our own: the SDK reports that it was stopped before it began.
        if (this.#state === "ending" && field(error, "name") !== "AbortError") this.#settling.breakOff();
        if (this.#state !== "open") return;
        this.#events.failed(error);
        this.#break();
      },
    };
    const options = {
      autoCompleteMessages: false,
      maxConcurrentCalls: this.#granted,
      // Else the SDK would wait for its next try to open a link of a client that has ended.
      abortSignal: AbortSignal.any([this.#ending.signal, connection.over]),
    };
    this.#subscription = connection.scoped(() => this.#receiver.subscribe(handlers, options));
    this.#lean = LeanStream.of(this.#receiver, (message) => this.#arrive(message, message.freeSlot));
  }

  /** Lowers the credit, by no more than the messages in hand. @returns by how much */
  withhold(count: number): number {
    const possible = Math.min(count, this.#inHand - (this.#surplus - this.#withheld.length));
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

  /** Raises the credit beyond what the link began with. @returns by how much */
  raise(count: number): number {
    const possible = Math.min(count, MAX_LINK_CREDIT - this.#granted);
    if (this.#state !== "open" || possible <= 0 || !raiseCredit(this.#receiver, possible)) return 0;
    this.#granted += possible;
    return possible;
  }

  /** Takes no more; resolves when what was under way has arrived. */
  async stop(): Promise<void> {
    if (this.#state !== "open") return;
    this.#state = "ending";
    // Nothing can have come on a link that is opening. If its connection is opening too, nobody can end that.
    if (!this.#receivers.connection.isProven && !this.#isAttached) this.#settling.breakOff();
    // First, so that a subscription that is still trying to begin ends too.
    if (!this.#settling.isBroken) this.#ending.abort();
    const stopped = this.#subscription?.close();
    try {
      // Nothing can be under way on a link that is gone: its drain would only run into the SDK's timeouts.
      if (this.#settling.isBroken) stopped?.catch(() => {});
      else await stopped;
    } finally {
      this.#mayBring = false;
    }
  }

  /** Closes when everything is settled; its handles are worth nothing then (rule D5). */
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
    for (const free of this.#withheld.splice(0)) free();
    this.#onSettled?.();
    await this.#settling.close();
  }

  /** Forgets messages that nobody will settle any more, because their locks have ended. */
  prune(nowMs: number): void {
    for (const handle of this.#unsettled.toArray()) if (handle.leaseUntilMs < nowMs) this.#forget(handle);
  }

  complete(handle: ServiceBusHandle, signal: AbortSignal, done: Done): void {
    if (this.#state === "closed" || !(handle instanceof StreamHandle)) {
      done({ ok: false, error: linkGone() });
      return;
    }
    // Before the answer, so that the next message travels while this one is settled.
    this.#freeSlot(handle);
    this.#settling.complete(handle, signal, (result) => {
      this.#answered(handle, result);
      done(result);
    });
  }

  async release({ handle, note }: ReleaseItem<ServiceBusHandle>, signal: AbortSignal): Promise<ItemResult> {
    return await this.#settled(handle, () => this.#settling.abandon(handle.message, note, signal));
  }

  async deadLetter(item: DeadLetterItem<ServiceBusHandle>, signal: AbortSignal): Promise<ItemResult> {
    return await this.#settled(item.handle, () =>
      this.#settling.deadLetter(item.handle.message, item, signal),
    );
  }

  async renew(
    handle: ServiceBusHandle,
    signal: AbortSignal,
  ): Promise<ItemResult<{ readonly leaseMs: number }>> {
    if (this.#state === "closed") return { ok: false, error: linkGone() };
    const result = await this.#settling.renew(handle.message, signal);
    if (result.ok && handle instanceof StreamHandle)
      handle.leaseUntilMs = this.#locks.now() + result.value.leaseMs;
    return result;
  }

  /** Only the service knows whether the lock lives. Without a yes, the message comes again. */
  async confirm(handle: StreamHandle): Promise<void> {
    handle.isConfirmed = true;
    const renewed = await this.renew(handle, new AbortController().signal);
    if (renewed.ok) this.#events.arrived(handle);
    else this.#forget(handle);
  }

  /**
   * With nothing to settle, the SDK may open the link again by itself, at its own pace. But it would begin with
   * all the credit that was granted: what is withheld would count no more.
   */
  #break(always = false): void {
    const isKept = this.#unsettled.first === undefined && this.#surplus === 0;
    if (this.#state !== "open" || (isKept && !always)) return;
    this.#settling.breakOff();
    this.#events.broken(this);
  }

  /** Never rejects: on an error the SDK would abandon the message by itself, outside our order. */
  #receive(message: ServiceBusReceivedMessage): Promise<void> {
    this.#lean?.learn(message);
    return new Promise<void>((resolve) => this.#arrive(message, resolve));
  }

  #arrive(message: ServiceBusReceivedMessage | LeanMessage, freeSlot: () => void): void {
    if (this.#state === "closed") {
      freeSlot();
      return;
    }
    this.lastArrivalMs = this.#locks.now();
    const handle = new StreamHandle(message, this, this.#locks.untilMs(message), freeSlot);
    this.#inHand += 1;
    this.#unsettled.add(handle);
    if (this.#events.mayHaveWaited()) void this.confirm(handle);
    else this.#events.arrived(handle);
  }

  async #settled(handle: ServiceBusHandle, settle: () => Promise<ItemResult>): Promise<ItemResult> {
    if (this.#state === "closed" || !(handle instanceof StreamHandle))
      return { ok: false, error: linkGone() };
    this.#freeSlot(handle);
    const result = await settle();
    this.#answered(handle, result);
    return result;
  }

  #answered(handle: StreamHandle, result: ItemResult): void {
    if (result.ok || isLost(result.error)) this.#forget(handle);
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
    this.#inHand -= 1;
    if (this.#withheld.length < this.#surplus) this.#withheld.push(freeSlot);
    else freeSlot();
    if (!this.#mayBring) this.#events.freed();
  }

  #checkSettled(): void {
    if (this.#unsettled.first === undefined) this.#onSettled?.();
  }
}

function isLost(error: unknown): boolean {
  return classifyServiceBusError(error, "ack").code === "LEASE_LOST";
}
