import type { HeldDelivery } from "./held-delivery.ts";
import type { OpenedConsumer } from "./open-consumer.ts";
import { RememberedIds, SPREAD } from "./remembered-ids.ts";

/** Most acks in one generation. */
const MAX_ACKS = 10_000;

/** About as many chains as a busy consumer holds deliveries: a power of two, and its logarithm. */
const CHAINS = 4_096;
const CHAIN_BITS = 12;
/** How many characters at the end of an id are hashed: ids count up, so they differ there. */
const TELLING_CHARACTERS = 8;

/** Creates one for a service that does not report the effect of settlements. Otherwise undefined. */
export function knownMessagesFor({ target, leaseMs }: OpenedConsumer): KnownMessages | undefined {
  const { settle, lease } = target.capabilities;
  return settle === "accepted" && lease === "timed" ? new KnownMessages(leaseMs) : undefined;
}

/**
 * Messages that a consumer has in hand or has just acked, by provider id. A service that does not report the
 * effect of settlements reports no expired lease either: only the message coming again shows it.
 */
export class KnownMessages {
  readonly #windowMs: number;
  /** Chains through the deliveries: a `Map` would keep alive what passes through it (see `LinkedList`). */
  readonly #inHand: (HeldDelivery | undefined)[] = Array.from({ length: CHAINS }, () => undefined);
  /** Two generations, so that acks need not be forgotten one by one. */
  #acked = new RememberedIds();
  #ackedBefore = new RememberedIds();
  #turnsAtMs = 0;

  /** @param windowMs shortest time for which an ack is remembered, unless there are too many */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  hold(held: HeldDelivery): void {
    const chain = chainOf(hashOfHeld(held));
    held.nextKnown = this.#inHand[chain];
    this.#inHand[chain] = held;
  }

  /** No effect on a delivery that is not in hand. */
  letGo(held: HeldDelivery): void {
    const chain = chainOf(hashOfHeld(held));
    let before: HeldDelivery | undefined;
    let one = this.#inHand[chain];
    for (; one !== undefined && one !== held; one = one.nextKnown) before = one;
    if (one === undefined) return;
    if (before === undefined) this.#inHand[chain] = held.nextKnown;
    else before.nextKnown = held.nextKnown;
    held.nextKnown = undefined;
  }

  /** The newest delivery in hand of this message. */
  holder(providerId: string): HeldDelivery | undefined {
    return this.#holder(providerId, hashOf(providerId));
  }

  /** Remembers an ack that was taken: it may still have come too late. */
  settled(held: HeldDelivery, isTaken: boolean, nowMs: number): void {
    this.letGo(held);
    if (!isTaken || held.settlement?.kind !== "ack") return;
    this.#turn(nowMs);
    this.#acked.add(held.delivery.providerId, hashOfHeld(held));
  }

  /** True: the message's ack has gone out, or was taken a short while ago. */
  isAcked(providerId: string, nowMs: number): boolean {
    const hash = hashOf(providerId);
    const held = this.#holder(providerId, hash);
    if (held?.isSubmitted === true && held.settlement?.kind === "ack") return true;
    this.#turn(nowMs);
    return this.#acked.has(providerId, hash) || this.#ackedBefore.has(providerId, hash);
  }

  /** Compares hashes first: the id strings are all over the heap, and begin alike. */
  #holder(providerId: string, hash: number): HeldDelivery | undefined {
    let one = this.#inHand[chainOf(hash)];
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

/** Computes the hash once per delivery. */
function hashOfHeld(held: HeldDelivery): number {
  held.idHash ??= hashOf(held.delivery.providerId);
  return held.idHash;
}

/**
 * The number at the end of an id. Ids that follow each other keep their order in chains and slots, which lie
 * side by side in memory: to wait for each where it was scattered took a thirtieth of a consumed message.
 */
function hashOf(providerId: string): number {
  let hash = 0;
  for (let at = Math.max(0, providerId.length - TELLING_CHARACTERS); at < providerId.length; at += 1)
    hash = (Math.imul(hash, 10) + providerId.charCodeAt(at)) | 0;
  return hash;
}

/** The bits above shift each run of ids, so that ids that count up in steps fill all chains, too. */
function chainOf(hash: number): number {
  return (hash ^ (Math.imul(hash >>> CHAIN_BITS, SPREAD) >>> (32 - CHAIN_BITS))) & (CHAINS - 1);
}
