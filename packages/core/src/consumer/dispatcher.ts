import { Fifo } from "../batching/fifo.ts";
import type { Clock, Timer } from "../time/clock.ts";
import type { HeldDelivery } from "./held-delivery.ts";
import type { KeyLanes } from "./key-lanes.ts";
import type { RateLimit } from "./rate-limit.ts";

export interface DispatcherOptions {
  /** Most runs at once. */
  readonly limit: number;
  readonly clock: Clock;
  readonly rateLimit: RateLimit | undefined;
  readonly lanes: KeyLanes | undefined;
  /** A bound shared with other dispatchers: after freeing a permit, call their `startReady`. @default none */
  readonly mayStart?: () => boolean;
  /**
   * Must not throw. Takes and returns the lease time if it is known: reading the clock costs as much as a
   * promise, and the time at which a run ended is good enough right after it.
   */
  readonly start: (held: HeldDelivery, nowMs: number | undefined) => number | undefined;
  /** Called when the rate allows starts again. */
  readonly onTokens?: () => void;
}

/** Grants permits: starts what is ready, oldest first, as far as concurrency and rate allow. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #ready = new Fifo<HeldDelivery>();
  #timer: Timer | undefined;
  #isStopped = false;
  #isStarting = false;
  #limit: number;
  /** Permits that are taken. */
  running = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#limit = options.limit;
  }

  get limit(): number {
    return this.#limit;
  }

  /** A higher limit takes effect at once, a lower one as runs end. */
  set limit(limit: number) {
    this.#limit = limit;
    this.startReady();
  }

  /** Deliveries ready to start. More may wait in the lanes. */
  get readyCount(): number {
    return this.#ready.length;
  }

  /** How many more could start at this rate, up to `max`. Ask again when `onTokens` is called. */
  rateRoom(max: number): number {
    const { clock, rateLimit } = this.#options;
    if (rateLimit === undefined || max <= 0) return max;
    const waitMs = rateLimit.waitMs(clock.now());
    // If there are tokens, a run has to end first, and its end wakes the caller.
    if (waitMs > 0) this.#startLater(waitMs);
    return Math.min(max, rateLimit.available(clock.now(), max + this.#ready.length) - this.#ready.length);
  }

  offer(held: HeldDelivery): void {
    this.#ready.push(held);
  }

  /** Not reentrant: the permit of a run that ends at once goes to the next one in this loop, not deeper. */
  startReady(nowMs?: number): void {
    if (this.#isStarting) return;
    this.#isStarting = true;
    try {
      this.#startAll(nowMs);
    } finally {
      this.#isStarting = false;
    }
  }

  #startAll(nowMs: number | undefined): void {
    const { clock, rateLimit, start, mayStart } = this.#options;
    let knownMs = nowMs;
    while (!this.#isStopped && this.running < this.#limit && this.#ready.length > 0) {
      if (mayStart?.() === false) return;
      const waitMs = rateLimit?.waitMs(clock.now()) ?? 0;
      if (waitMs > 0) {
        this.#startLater(waitMs);
        return;
      }
      const held = this.#ready.take();
      if (held?.state !== "waiting") continue; // lost or given back meanwhile
      rateLimit?.take(clock.now());
      this.running += 1;
      held.hasPermit = true;
      knownMs = start(held, knownMs);
    }
  }

  /** Gives back the permit of a delivery, once. */
  free(held: HeldDelivery): void {
    if (!held.hasPermit) return;
    held.hasPermit = false;
    this.running -= 1;
  }

  /** Takes all deliveries that have not started, out of the lanes too. */
  takeUnstarted(): readonly HeldDelivery[] {
    const { lanes } = this.#options;
    const taken: HeldDelivery[] = lanes?.takeWaiting() ?? [];
    for (let held = this.#ready.take(); held !== undefined; held = this.#ready.take()) {
      lanes?.vacate(held);
      taken.push(held);
    }
    return taken.filter((held) => held.state === "waiting");
  }

  /** Nothing starts until `resume`. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  resume(): void {
    this.#isStopped = false;
    this.startReady();
  }

  #startLater(waitMs: number): void {
    this.#timer ??= this.#options.clock.setTimer(() => {
      this.#timer = undefined;
      this.startReady();
      this.#options.onTokens?.();
    }, waitMs);
  }
}
