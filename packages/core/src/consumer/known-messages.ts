import type { HeldDelivery } from "./held-delivery.ts";
import type { OpenedConsumer } from "./open-consumer.ts";
import { RememberedIds } from "./remembered-ids.ts";

/** Acks of one generation. */
const MAX_ACKS = 10_000;

/** A power of two; as many as busy consumers hold at once. */
const CHAINS = 4_096;
/** Ids count up, so that they differ at the end. */
const TELLING_CHARACTERS = 8;

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
  #acked = new RememberedIds();
  #ackedBefore = new RememberedIds();
  #turnsAtMs = 0;

  /** @param windowMs how long an ack is remembered, at least, unless there are too many */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  hold(held: HeldDelivery): void {
    const chain = hashOfHeld(held) & (CHAINS - 1);
    held.nextKnown = this.#inHand[chain];
    this.#inHand[chain] = held;
  }

  /** Without effect on one that is not in hand. */
  letGo(held: HeldDelivery): void {
    const chain = hashOfHeld(held) & (CHAINS - 1);
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
    return this.#holder(providerId, hashOf(providerId));
  }

  /** An ack that was taken may have come too late for all that. */
  settled(held: HeldDelivery, isTaken: boolean, nowMs: number): void {
    this.letGo(held);
    if (!isTaken || held.settlement?.kind !== "ack") return;
    this.#turn(nowMs);
    this.#acked.add(held.delivery.providerId, hashOfHeld(held));
  }

  /** True: its ack has gone out, or was taken a short while ago. */
  isAcked(providerId: string, nowMs: number): boolean {
    const hash = hashOf(providerId);
    const held = this.#holder(providerId, hash);
    if (held?.isSubmitted === true && held.settlement?.kind === "ack") return true;
    this.#turn(nowMs);
    return this.#acked.has(providerId, hash) || this.#ackedBefore.has(providerId, hash);
  }

  /** Looks at numbers first: the texts are all over the heap, and begin alike. */
  #holder(providerId: string, hash: number): HeldDelivery | undefined {
    let one = this.#inHand[hash & (CHAINS - 1)];
    while (one !== undefined && (one.idHash !== hash || one.delivery.providerId !== providerId))
      one = one.nextKnown;
    return one;
  }

  #turn(nowMs: number): void {
    if (nowMs < this.#turnsAtMs && this.#acked.size < MAX_ACKS) return;
    const isOld = nowMs >= this.#turnsAtMs + this.#windowMs;
    const forgotten = this.#ackedBefore;
    this.#ackedBefore = this.#acked;
    this.#acked = forgotten;
    forgotten.clear();
    if (isOld) this.#ackedBefore.clear();
    this.#turnsAtMs = nowMs + this.#windowMs;
  }
}

/** Hashed once for its whole way. */
function hashOfHeld(held: HeldDelivery): number {
  held.idHash ??= hashOf(held.delivery.providerId);
  return held.idHash;
}

/** FNV-1a of the last characters; its low bits differ for numbers that count up. */
function hashOf(providerId: string): number {
  let hash = 0;
  for (let at = Math.max(0, providerId.length - TELLING_CHARACTERS); at < providerId.length; at += 1)
    hash = Math.imul(hash ^ providerId.charCodeAt(at), 0x01_00_01_93);
  return hash;
}
