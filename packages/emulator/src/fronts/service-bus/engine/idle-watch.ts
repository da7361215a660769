import type { EngineClock, EngineTimer } from "../../../time/engine-clock.ts";

/** Deletes an entity that nobody uses. A touch costs almost nothing, because only the timer checks it. */
export class IdleWatch {
  readonly #clock: EngineClock;
  /** Returns true if an open link or a scheduled message keeps the entity in use. */
  readonly #isBusy: () => boolean;
  readonly #onIdle: () => void;
  #idleMs = Number.POSITIVE_INFINITY;
  #touchedAtMs: number;
  #timer: EngineTimer | undefined;

  constructor(clock: EngineClock, isBusy: () => boolean, onIdle: () => void) {
    this.#clock = clock;
    this.#isBusy = isBusy;
    this.#onIdle = onIdle;
    this.#touchedAtMs = clock.now();
  }

  get touchedAtMs(): number {
    return this.#touchedAtMs;
  }

  touch(): void {
    this.#touchedAtMs = this.#clock.now();
  }

  setIdle(idleMs: number): void {
    this.#idleMs = idleMs;
    this.#arm();
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    this.stop();
    const dueMs = this.#touchedAtMs + this.#idleMs;
    if (!Number.isFinite(dueMs)) return;
    this.#timer = this.#clock.at(dueMs, () => {
      this.#timer = undefined;
      if (this.#isBusy()) this.touch();
      if (this.#touchedAtMs + this.#idleMs <= this.#clock.now()) this.#onIdle();
      else this.#arm();
    });
  }
}
