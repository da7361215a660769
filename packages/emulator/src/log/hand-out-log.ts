import type { EngineClock } from "../time/engine-clock.ts";

/** One message that left the emulator under a lease. */
export interface HandOut {
  /** Receipt handle, lock token or ack id, as sent to the client. */
  readonly lease: string;
  /** Name of the queue or subscription, if the request names one. */
  readonly queue: string | undefined;
  /** Engine time in milliseconds. */
  readonly at: number;
  /** Monotonic nanoseconds of the machine (`process.hrtime`), comparable across its processes. */
  readonly machineNs: number;
  /** When a fault first broke the lease: it ended early, or the message was handed out again meanwhile. */
  readonly broken?: Pick<HandOut, "at" | "machineNs">;
}

// The same limit as the call log: an emulator that runs for weeks must not grow.
const MAX_ENTRIES = 50_000;

/**
 * Records when each message was handed out. A client knows only when it read a message. That can be much
 * later if the client stalled while the message waited in a socket.
 */
export class HandOutLog {
  readonly #clock: EngineClock;
  readonly #isOn: boolean;
  #entries: HandOut[] = [];

  /** When off, the log keeps nothing and costs nothing. */
  constructor(clock: EngineClock, isOn: boolean) {
    this.#clock = clock;
    this.#isOn = isOn;
  }

  /** The newest 50,000, oldest first. */
  entries(): readonly HandOut[] {
    return this.#entries.slice(-MAX_ENTRIES);
  }

  /** Calls `leases` only if the log is on. */
  record(queue: string | undefined, leases: () => readonly string[]): void {
    if (!this.#isOn) return;
    const at = this.#clock.now();
    const machineNs = Number(process.hrtime.bigint());
    for (const lease of leases()) this.#entries.push({ lease, queue, at, machineNs });
    if (this.#entries.length > 2 * MAX_ENTRIES) this.#entries = this.#entries.slice(-MAX_ENTRIES);
  }

  /** Notes that a fault broke these leases. */
  broke(leases: readonly string[]): void {
    if (!this.#isOn || leases.length === 0) return;
    const broken = { at: this.#clock.now(), machineNs: Number(process.hrtime.bigint()) };
    this.#entries = this.#entries.map((entry) =>
      leases.includes(entry.lease) ? { broken, ...entry } : entry,
    );
  }

  clear(): void {
    this.#entries = [];
  }
}
