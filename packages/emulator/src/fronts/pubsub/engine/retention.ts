import type { EngineClock, EngineTimer } from "../../../time/engine-clock.ts";
import type { Backlog } from "./backlog.ts";
import type { PublishedMessage } from "./published-message.ts";

/** Drops messages that are too old: those in the backlog, and acknowledged ones kept for a seek. */
export class Retention {
  readonly #clock: EngineClock;
  readonly #backlog: Backlog;
  readonly #acknowledged = new Map<number, PublishedMessage>();
  #retentionMs: number;
  #timer: EngineTimer | undefined;

  constructor(clock: EngineClock, backlog: Backlog, retentionMs: number) {
    this.#clock = clock;
    this.#backlog = backlog;
    this.#retentionMs = retentionMs;
  }

  setRetention(retentionMs: number): void {
    this.#retentionMs = retentionMs;
    this.stop();
    this.arm();
  }

  keepAcknowledged(message: PublishedMessage): void {
    this.#acknowledged.set(message.number, message);
    this.arm();
  }

  acknowledged(): readonly PublishedMessage[] {
    return [...this.#acknowledged.values()];
  }

  forgetAcknowledged(): void {
    this.#acknowledged.clear();
  }

  /** Sets the timer for the oldest message, unless it is already set. */
  arm(): void {
    if (this.#timer !== undefined) return;
    const oldest = this.#oldest();
    if (oldest === undefined) return;
    this.#timer = this.#clock.at(oldest.publishedAtMs + this.#retentionMs, () => {
      this.#timer = undefined;
      this.#dropOld();
      this.arm();
    });
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
    this.#timer = undefined;
  }

  #oldest(): PublishedMessage | undefined {
    const open = this.#backlog.oldest()?.message;
    const done = this.#acknowledged.values().next().value;
    if (open === undefined || done === undefined) return open ?? done;
    return open.publishedAtMs < done.publishedAtMs ? open : done;
  }

  #dropOld(): void {
    const bornBeforeMs = this.#clock.now() - this.#retentionMs;
    for (let oldest = this.#backlog.oldest(); oldest !== undefined; oldest = this.#backlog.oldest()) {
      if (oldest.message.publishedAtMs > bornBeforeMs) break;
      this.#backlog.discard(oldest);
    }
    for (const message of this.#acknowledged.values()) {
      if (message.publishedAtMs > bornBeforeMs) break;
      this.#acknowledged.delete(message.number);
    }
  }
}
