import type { HeldDelivery } from "./held-delivery.ts";
import type { OpenedConsumer } from "./open-consumer.ts";

/** Acks of one generation. */
const MAX_ACKS = 10_000;

/** A power of two; more than most consumers hold at once. */
const CHAINS = 1_024;
/** Ids count up, so that they differ at the end. */
const TELLING_CHARACTERS = 4;

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
  /** Chains through the deliveries: a `Map` that they pass through would keep them (see `LinkedList`). */
  readonly #inHand: (HeldDelivery | undefined)[] = Array.from({ length: CHAINS }, () => undefined);
  /** Two generations: nothing has to be forgotten one by one. */
  #acked = new Set<string>();
  #ackedBefore = new Set<string>();
  #turnsAtMs = 0;

  /** @param windowMs how long an ack is remembered, at least, unless there are too many */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  hold(held: HeldDelivery): void {
    const chain = chainOf(held.delivery.providerId);
    held.nextKnown = this.#inHand[chain];
    this.#inHand[chain] = held;
  }

  /** Without effect on one that is not in hand. */
  letGo(held: HeldDelivery): void {
    const chain = chainOf(held.delivery.providerId);
    let before: HeldDelivery | undefined;
    let one = this.#inHand[chain];
    for (; one !== undefined && one !== held; one = one.nextKnown) before = one;
    if (one === undefined) return;
    if (before === undefined) this.#inHand[chain] = held.nextKnown;
    else before.nextKnown = held.nextKnown;
    held.nextKnown = undefined;
  }

  /** The newest of a message. */
  holder(providerId: string): HeldDelivery | undefined {
    let one = this.#inHand[chainOf(providerId)];
    while (one !== undefined && one.delivery.providerId !== providerId) one = one.nextKnown;
    return one;
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
    const held = this.holder(providerId);
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

function chainOf(providerId: string): number {
  let hash = 0;
  for (let at = Math.max(0, providerId.length - TELLING_CHARACTERS); at < providerId.length; at += 1)
    hash = hash * 31 + providerId.charCodeAt(at);
  return hash % CHAINS;
}
