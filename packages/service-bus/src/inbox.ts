import { setTimeLimit, type Clock, type ReceiveAsk } from "@anyqueue/core/adapter";

/** Items that arrived and were not asked for yet, and the callers that wait for some. */
export class Inbox<Item> {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  #items: Item[] = [];
  #failure: { readonly error: unknown } | undefined;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
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
  }

  /** Rejects the waiting caller, or else the next one. Items that arrived before go first (rule D1). */
  fail(error: unknown): void {
    // The first error tells the cause; later ones only tell that things do not work.
    this.#failure ??= { error };
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
    if (failure !== undefined && !signal.aborted && !this.#isClosed) throw failure.error;
    return [];
  }

  /** Ends every wait. */
  close(): void {
    this.#isClosed = true;
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
