import type { Counts } from "./messages.ts";

const BEGIN = 1 << 16;

/** Counts sent and handled messages. It keeps one byte per message, so that the soak itself hardly grows. */
export class Tally {
  #handledTimes = new Uint8Array(BEGIN);
  #sent = 0;
  #handled = 0;
  #doubled = 0;

  sent(): void {
    this.#sent += 1;
  }

  handled(number: number): void {
    this.#makeRoom(number);
    const times = this.#handledTimes[number] ?? 0;
    if (times === 0) this.#handled += 1;
    if (times === 1) this.#doubled += 1;
    this.#handledTimes[number] = Math.min(times + 1, 2);
  }

  counts(): Counts {
    return { sent: this.#sent, handled: this.#handled, doubled: this.#doubled };
  }

  #makeRoom(number: number): void {
    if (number < this.#handledTimes.length) return;
    const grown = new Uint8Array(Math.max(number + 1, this.#handledTimes.length * 2));
    grown.set(this.#handledTimes);
    this.#handledTimes = grown;
  }
}
