import { Fifo } from "../batching/fifo.ts";
import type { Capabilities } from "../driver/capabilities.ts";
import type { HeldDelivery } from "./held-delivery.ts";

/** Blocks a key whose message failed, until that message is settled for good. */
interface Block {
  readonly providerId: string;
  /** Lease time up to which the service itself cannot hand over a later message of the key. */
  untilMs: number;
  /** Number of the last ask whose reply was on its way when the message was given back. */
  lastAsk: number;
}

interface Lane {
  /** The one delivery of the key that may run. */
  current: HeldDelivery | undefined;
  readonly waiting: Fifo<HeldDelivery>;
  block: Block | undefined;
  /** Before the blocked message, which was lost while it waited behind these: they run all the same. */
  ahead: readonly HeldDelivery[];
}

/** `ready`: may run now · `waiting`: behind another of its key · `follower`: must wait for the failed one. */
export type Placement = "ready" | "waiting" | "follower";

/** How long a follower waits while the message that blocks its key is not back at the service yet. */
const UNCONFIRMED_MS = 1_000;

/**
 * Added to a block if the service hands over later messages of a key while a lost one is out: they prove
 * nothing before it is overdue. Services round times up to seconds, and messages on their way come first.
 */
const PIPELINE_SLACK_MS = 5_000;

/** The lanes of a target that keeps order. */
export function keyLanesFor({ ordering, followers }: Capabilities): KeyLanes | undefined {
  return ordering === "by-key" ? new KeyLanes(followers === "drop") : undefined;
}

/** Runs one delivery of an ordering key at a time, and keys in parallel. */
export class KeyLanes {
  /** With `followers: "drop"`, followers come while the failed one is out; the driver keeps them back. */
  readonly isPipelined: boolean;
  /** Deliveries that wait behind another of their key. */
  waiting = 0;
  readonly #lanes = new Map<string, Lane>();

  constructor(isPipelined = false) {
    this.isPipelined = isPipelined;
  }

  place(held: HeldDelivery, key: string, nowMs: number): Placement {
    const lane = this.#lane(key);
    if (lane.block !== undefined && lane.block.providerId === held.delivery.providerId) {
      if (lane.current === undefined) {
        lane.current = held;
        return "ready";
      }
      lane.waiting.pushFront([held]); // behind a run that goes on after its timeout, or is before it
      this.waiting += 1;
      return "waiting";
    }
    if (lane.block !== undefined && !this.#cameAfterHead(lane, held)) {
      if (nowMs < lane.block.untilMs || held.ask <= lane.block.lastAsk) return "follower";
      lane.block = undefined; // settled elsewhere: the service would not hand over a later one otherwise
    }
    if (lane.current === undefined) {
      lane.current = held;
      return "ready";
    }
    this.#append(lane, held);
    return "waiting";
  }

  /** Keeps a follower in its lane until the failed one is settled. */
  keep(held: HeldDelivery, key: string): void {
    this.#append(this.#lane(key), held);
  }

  /** Milliseconds after which to look again at a follower that came while its key was blocked. */
  blockedForMs(key: string, nowMs: number): number {
    const untilMs = this.#lanes.get(key)?.block?.untilMs ?? nowMs;
    return untilMs === Infinity ? UNCONFIRMED_MS : Math.max(0, untilMs - nowMs);
  }

  /** Ends the turn of a delivery that is done. @returns the next of its key, which may run */
  finish(held: HeldDelivery): HeldDelivery | undefined {
    const lane = this.#laneOf(held);
    if (lane === undefined) return undefined;
    if (lane.block?.providerId === held.delivery.providerId) lane.block = undefined;
    return this.vacate(held);
  }

  /** Takes a delivery out of its lane, which may stay blocked. A running handler keeps it occupied. */
  vacate(held: HeldDelivery): HeldDelivery | undefined {
    const lane = this.#laneOf(held);
    if (lane === undefined || held.isHandlerActive) return undefined;
    if (lane.current === held) lane.current = undefined;
    return this.#next(held.key ?? "", lane);
  }

  /**
   * Blocks the key of a delivery that failed or was lost, until it or an earlier one that is out comes again.
   * @returns the followers that were waiting; they are out of the lane
   */
  block(held: HeldDelivery): readonly HeldDelivery[] {
    const lane = this.#laneOf(held);
    if (lane === undefined) return [];
    const isBehindHead = this.#isBehindHead(lane, held);
    const all = this.#takeAll(lane);
    if (!isBehindHead) {
      const untilMs = Infinity;
      lane.block = { providerId: held.delivery.providerId, untilMs, lastAsk: Infinity };
      lane.ahead = all.splice(0, all.indexOf(held));
      this.waiting += lane.ahead.length;
    }
    return all.filter((next) => next !== held && next.state === "waiting");
  }

  /**
   * The failed message is back at the service, which hands it over again at `untilMs`.
   * @param isDriverTold true: the driver itself gave it back, and may hold back what comes too early
   */
  confirmBlock(held: HeldDelivery, untilMs: number, lastAsk: number, isDriverTold = false): void {
    const block = this.#laneOf(held)?.block;
    if (block === undefined || block.providerId !== held.delivery.providerId) return;
    const isInOrder = isDriverTold && this.isPipelined;
    block.untilMs = isInOrder ? -Infinity : untilMs + (this.isPipelined ? PIPELINE_SLACK_MS : 0);
    block.lastAsk = isInOrder ? -Infinity : lastAsk;
  }

  /** Takes all deliveries that wait in the lanes. */
  takeWaiting(): HeldDelivery[] {
    return [...this.#lanes.values()].flatMap((lane) => this.#takeAll(lane));
  }

  /** Ends blocks whose message went elsewhere. @returns the deliveries that may run now */
  expireBlocks(beforeMs: number): readonly HeldDelivery[] {
    const ready: HeldDelivery[] = [];
    for (const [key, lane] of this.#lanes) {
      if (lane.block === undefined || lane.block.untilMs > beforeMs || lane.current !== undefined) continue;
      lane.block = undefined;
      const next = this.#next(key, lane);
      if (next !== undefined) ready.push(next);
    }
    return ready;
  }

  #next(key: string, lane: Lane): HeldDelivery | undefined {
    if (lane.current !== undefined) return undefined;
    while (lane.ahead.length > 0) {
      const [next] = lane.ahead;
      lane.ahead = lane.ahead.slice(1);
      this.waiting -= 1;
      if (next?.state !== "waiting") continue;
      lane.current = next;
      return next;
    }
    for (let next = lane.waiting.peek(); next !== undefined; next = lane.waiting.peek()) {
      const isHead = lane.block === undefined || lane.block.providerId === next.delivery.providerId;
      if (!isHead) return undefined;
      lane.waiting.take();
      this.waiting -= 1;
      if (next.state !== "waiting") continue; // lost meanwhile
      lane.current = next;
      return next;
    }
    if (lane.block === undefined) this.#lanes.delete(key);
    return undefined;
  }

  /** In their order. */
  #takeAll(lane: Lane): HeldDelivery[] {
    const all = [...lane.ahead, ...lane.waiting.takeMany(lane.waiting.length)];
    lane.ahead = NOBODY;
    this.waiting -= all.length;
    return all;
  }

  #append(lane: Lane, held: HeldDelivery): void {
    lane.waiting.push(held);
    this.waiting += 1;
  }

  #lane(key: string): Lane {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { current: undefined, waiting: new Fifo(), block: undefined, ahead: NOBODY };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #laneOf(held: HeldDelivery): Lane | undefined {
    return held.key === undefined ? undefined : this.#lanes.get(held.key);
  }

  /** A session that is lost takes the followers with it that were kept behind a failed message: that one comes first again. */
  #isBehindHead({ block, current, ahead }: Lane, held: HeldDelivery): boolean {
    if (block === undefined || block.providerId === held.delivery.providerId) return false;
    if (current === held || ahead.includes(held)) return false;
    return current?.delivery.providerId !== block.providerId || !isInHand(current);
  }

  /**
   * True: the failed message is back, and this one came with it or was asked for later. It then follows in
   * order, even if the service was a little early, and would not be handed over again. A broker that pushes
   * may answer an ask that was already out with both.
   */
  #cameAfterHead({ block, current, waiting }: Lane, held: HeldDelivery): boolean {
    if (block === undefined) return false;
    return [current, waiting.peek()].some((head) => {
      if (head?.delivery.providerId !== block.providerId) return false;
      return (this.isPipelined && isInHand(head)) || held.ask === head.ask || held.ask > block.lastAsk;
    });
  }
}

const NOBODY: readonly HeldDelivery[] = [];

function isInHand({ state }: HeldDelivery): boolean {
  return state === "waiting" || state === "running";
}
