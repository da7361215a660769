import type { HeldDelivery } from "./held-delivery.ts";
import type { OpenedConsumer } from "./open-consumer.ts";

/** Acks of one generation. */
const MAX_ACKS = 10_000;

/** For a service that says nothing of the effect of a settlement. */
export function knownMessagesFor({ target, leaseMs }: OpenedConsumer): KnownMessages | undefined {
  const { settle, lease } = target.capabilities;
  return settle === "accepted" && lease === "timed" ? new KnownMessages(leaseMs) : undefined;
}

/**
 * What a consumer has in hand or has just acked, by the provider's id. A service that takes a settlement without a word on
 * its effect tells nobody either that a lease has run out: that the message comes again is the only sign.
 */
export class KnownMessages {
  readonly #windowMs: number;
  readonly #inHand = new Map<string, HeldDelivery>();
  /** Two generations: nothing has to be forgotten one by one. */
  #acked = new Set<string>();
  #ackedBefore = new Set<string>();
  #turnsAtMs = 0;

  /** @param windowMs how long an ack is remembered, at least, unless there are too many */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  hold(held: HeldDelivery): void {
    this.#inHand.set(held.delivery.providerId, held);
  }

  letGo(held: HeldDelivery): void {
    const { providerId } = held.delivery;
    if (this.#inHand.get(providerId) === held) this.#inHand.delete(providerId);
  }

  holder(providerId: string): HeldDelivery | undefined {
    return this.#inHand.get(providerId);
  }

  /** An ack that was taken may have come too late for all that. */
  settled(held: HeldDelivery, isTaken: boolean, nowMs: number): void {
    this.letGo(held);
    if (!isTaken || held.settlement?.kind !== "ack") return;
    this.#turn(nowMs);
    this.#acked.add(held.delivery.providerId);
  }

  /** True: its ack has gone out, or was taken a short while ago. */
  isAcked(providerId: string, nowMs: number): boolean {
    const held = this.#inHand.get(providerId);
    if (held?.isSubmitted === true && held.settlement?.kind === "ack") return true;
    this.#turn(nowMs);
    return this.#acked.has(providerId) || this.#ackedBefore.has(providerId);
  }

  #turn(nowMs: number): void {
    if (nowMs < this.#turnsAtMs && this.#acked.size < MAX_ACKS) return;
    const isOld = nowMs >= this.#turnsAtMs + this.#windowMs;
    this.#ackedBefore = isOld ? new Set() : this.#acked;
    this.#acked = new Set();
    this.#turnsAtMs = nowMs + this.#windowMs;
  }
}
