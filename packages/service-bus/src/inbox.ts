import { setTimeLimit, type Clock, type ReceiveAsk, type Timer } from "@anyqueue/core/adapter";
import { MIN_LOCK_MS } from "./service-bus-limits.ts";

/** How often items are kept while nobody asks: in time for the shortest locks. */
const KEEP_MS = MIN_LOCK_MS / 4;

/** Items that arrived and were not asked for yet, and the callers that wait for some. */
export class Inbox<Item> {
  readonly #clock: Clock;
  readonly #keep: (item: Item) => void;
  readonly #waiters = new Set<Waiter>();
  #items: Item[] = [];
  #failure: { readonly error: unknown; readonly isTelling: boolean } | undefined;
  #isClosed = false;
  /** True after a failure: the next ask comes after a pause. */
  #isResting = false;
  #keeping: Timer | undefined;

  /**
   * @param keep renews the lock of an item if it needs that. After a failure nobody asks for as long as half a
   *   minute, and the service counts each lock that ends meanwhile as a delivery.
   */
  constructor(clock: Clock, keep: (item: Item) => void) {
    this.#clock = clock;
    this.#keep = keep;
  }

  get length(): number {
    return this.#items.length;
  }

  push(item: Item): void {
    this.#failure = undefined;
    this.#items.push(item);
    for (const waiter of this.#waiters) {
      waiter.wake();
      return;
    }
    if (this.#isResting) this.#keepLater();
  }

  /**
   * Rejects the waiting caller, or else the next one. Items that arrived before go first (rule D1).
   * @param isTelling false: an error that tells the cause follows, and replaces this one
   */
  fail(error: unknown, isTelling = true): void {
    // The first error tells the cause; later ones only tell that things do not work.
    if (this.#failure?.isTelling !== true) this.#failure = { error, isTelling };
    for (const waiter of this.#waiters) waiter.wake();
  }

  /** Takes everything that nobody has asked for. */
  takeAll(): readonly Item[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }

  /**
   * Resolves as soon as anything is there; empty after `waitMs`, on abort, and once closed.
   * @param isFit false drops an item: an ask is not answered with those that are of no more use
   */
  async take(ask: ReceiveAsk, signal: AbortSignal, isFit: (item: Item) => boolean): Promise<readonly Item[]> {
    const untilMs = this.#clock.now() + ask.waitMs;
    this.#rest(false);
    for (;;) {
      const waitMs = Math.max(0, untilMs - this.#clock.now());
      const taken = await this.#take({ ...ask, waitMs }, signal);
      const fit = taken.filter(isFit);
      if (fit.length > 0 || taken.length === 0) return fit;
    }
  }

  async #take({ maxItems, waitMs }: ReceiveAsk, signal: AbortSignal): Promise<readonly Item[]> {
    if (this.#items.length === 0 && this.#failure === undefined && waitMs > 0)
      await this.#wait(waitMs, signal);
    if (this.#items.length > 0) return this.#items.splice(0, maxItems);
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure === undefined || signal.aborted || this.#isClosed) return [];
    this.#rest(true);
    throw failure.error;
  }

  #rest(isResting: boolean): void {
    this.#isResting = isResting;
    this.#keeping?.cancel();
    this.#keeping = undefined;
  }

  #keepLater(): void {
    this.#keeping ??= this.#clock.setTimer(() => {
      this.#keeping = undefined;
      for (const item of this.#items) this.#keep(item);
      if (this.#items.length > 0) this.#keepLater();
    }, KEEP_MS);
  }

  /** Ends every wait. */
  close(): void {
    this.#isClosed = true;
    this.#rest(false);
    for (const waiter of this.#waiters) waiter.wake();
  }

  async #wait(waitMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiters.delete(waiter);
        timer.cancel();
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const waiter: Waiter = { wake };
      const timer = setTimeLimit(this.#clock, wake, waitMs);
      signal.addEventListener("abort", wake);
      this.#waiters.add(waiter);
    });
  }
}

interface Waiter {
  readonly wake: () => void;
}
