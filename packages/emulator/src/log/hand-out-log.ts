import type { EngineClock } from "../time/engine-clock.ts";

/** One message that left the emulator under a lease. */
export interface HandOut {
  /** Receipt handle, lock token or ack id, as the client gets it. */
  readonly lease: string;
  /** Name of the queue or subscription, where the request names one. */
  readonly queue: string | undefined;
  /** Engine time in milliseconds. */
  readonly at: number;
  /** Monotonic nanoseconds of the machine (`process.hrtime`), which all its processes share. */
  readonly machineNs: number;
}

// As many as the log keeps calls: an emulator that runs for weeks must not grow.
const MAX_ENTRIES = 50_000;

/**
 * When each message was handed out. A client can tell only when it read one, which may be long after: in between it may have
 * stood still, and the message lay in a socket.
 */
export class HandOutLog {
  readonly #clock: EngineClock;
  readonly #isOn: boolean;
  #entries: HandOut[] = [];

  /** Off, it costs nothing and keeps nothing. */
  constructor(clock: EngineClock, isOn: boolean) {
    this.#clock = clock;
    this.#isOn = isOn;
  }

  /** The newest 50,000, oldest first. */
  entries(): readonly HandOut[] {
    return this.#entries.slice(-MAX_ENTRIES);
  }

  /** `leases` is asked only where somebody wants to know. */
  record(queue: string | undefined, leases: () => readonly string[]): void {
    if (!this.#isOn) return;
    const at = this.#clock.now();
    const machineNs = Number(process.hrtime.bigint());
    for (const lease of leases()) this.#entries.push({ lease, queue, at, machineNs });
    if (this.#entries.length > 2 * MAX_ENTRIES) this.#entries = this.#entries.slice(-MAX_ENTRIES);
  }

  clear(): void {
    this.#entries = [];
  }
}
