import type { EngineClock, EngineTimer } from "../../../time/engine-clock.ts";

/** Ends something unused for a while. `touch` only notes the time of use; one timer checks it. */
export class IdleExpiry {
  readonly #clock: EngineClock;
  readonly #isInUse: () => boolean;
  readonly #onIdle: () => void;
  #ttlMs: number | undefined;
  #lastUseMs: number;
  #timer: EngineTimer | undefined;

  constructor(clock: EngineClock, isInUse: () => boolean, onIdle: () => void) {
    this.#clock = clock;
    this.#isInUse = isInUse;
    this.#onIdle = onIdle;
    this.#lastUseMs = clock.now();
  }

  touch(): void {
    this.#lastUseMs = this.#clock.now();
  }

  /** Undefined means that it never expires. */
  setTtl(ttlMs: number | undefined): void {
    this.#ttlMs = ttlMs;
    this.stop();
    this.touch();
    this.#arm();
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    const ttlMs = this.#ttlMs;
    if (ttlMs === undefined) return;
    this.#timer = this.#clock.at(this.#lastUseMs + ttlMs, () => {
      this.#timer = undefined;
      if (this.#isInUse()) this.touch();
      if (this.#clock.now() - this.#lastUseMs >= ttlMs) this.#onIdle();
      else this.#arm();
    });
  }
}
