import type { EngineClock } from "../../../time/engine-clock.ts";
import { IdleWatch } from "./idle-watch.ts";
import { entityNotFound } from "./refusals.ts";

/** The dates of an entity, and whether it still exists. */
export class EntityLife {
  readonly createdAtMs: number;
  readonly #clock: EngineClock;
  readonly #namespaceName: string;
  readonly #path: string;
  readonly #idle: IdleWatch;
  #updatedAtMs: number;
  #isDeleted = false;

  constructor(
    clock: EngineClock,
    namespaceName: string,
    path: string,
    isBusy: () => boolean,
    onIdle: () => void,
  ) {
    this.#clock = clock;
    this.#namespaceName = namespaceName;
    this.#path = path;
    this.createdAtMs = clock.now();
    this.#updatedAtMs = this.createdAtMs;
    this.#idle = new IdleWatch(clock, isBusy, onIdle);
  }

  get updatedAtMs(): number {
    return this.#updatedAtMs;
  }

  get accessedAtMs(): number {
    return this.#idle.touchedAtMs;
  }

  touch(): void {
    this.#idle.touch();
  }

  setIdle(idleMs: number): void {
    this.#idle.setIdle(idleMs);
  }

  updated(idleMs: number): void {
    this.#updatedAtMs = this.#clock.now();
    this.touch();
    this.setIdle(idleMs);
  }

  /** Throws not found if the entity was deleted. Needed for links that outlive it. */
  checkExists(): void {
    if (this.#isDeleted) throw entityNotFound(this.#namespaceName, this.#path);
  }

  delete(): void {
    this.#isDeleted = true;
    this.#idle.stop();
  }
}
