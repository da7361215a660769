import type { EngineClock, EngineTimer } from "../../../time/engine-clock.ts";
import type { SessionWaiter } from "./contract.ts";
import type { EngineError } from "./engine-error.ts";

interface Entry {
  readonly waiter: SessionWaiter;
  timer: EngineTimer | undefined;
}

/** Receivers waiting for any session, in order of arrival. */
export class SessionWaiters {
  readonly #clock: EngineClock;
  readonly #entries = new Set<Entry>();

  constructor(clock: EngineClock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  add(waiter: SessionWaiter, timeoutMs: number, timeoutError: () => EngineError): { cancel(): void } {
    const entry: Entry = { waiter, timer: undefined };
    entry.timer = this.#clock.at(this.#clock.now() + timeoutMs, () => {
      this.#entries.delete(entry);
      waiter.failed(timeoutError());
    });
    this.#entries.add(entry);
    return {
      cancel: () => {
        this.#remove(entry);
      },
    };
  }

  shift(): SessionWaiter | undefined {
    for (const entry of this.#entries) {
      this.#remove(entry);
      return entry.waiter;
    }
    return undefined;
  }

  end(error: EngineError): void {
    for (const entry of [...this.#entries]) {
      this.#remove(entry);
      entry.waiter.failed(error);
    }
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry);
    if (entry.timer !== undefined) this.#clock.cancel(entry.timer);
    entry.timer = undefined;
  }
}
