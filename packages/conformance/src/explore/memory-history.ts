import type { VirtualClock } from "@anyqueue/core/testing";
import type { EventMembers, EventType, HistoryEvent } from "../history/history-event.ts";
import type { HistorySink } from "../history/history-writer.ts";

/** More than a service records in a millisecond. */
const RECORDED_EARLIER_NS = 10_000;

/** A history in memory, on a clock that a test moves. */
export class MemoryHistory {
  readonly events: HistoryEvent[] = [];
  readonly #clock: VirtualClock;
  #lastT = -1;
  #nextOperation = 1;
  /** How many events the service recorded in each millisecond. */
  readonly #recorded = new Map<number, number>();

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** The sink of one process of the run. */
  sink(proc: string): HistorySink {
    return {
      operation: () => `${proc}:${this.#nextOperation++}`,
      now: () => this.#clock.now() * 1_000_000,
      write: (type, op, members) => {
        this.#write(proc, type, op, members);
      },
    };
  }

  /** Adds what the service recorded of a lease at another moment of the clock. */
  record(type: "hand.out" | "lease.broken", lease: string, atMs: number): void {
    const before = this.#recorded.get(atMs) ?? 0;
    this.#recorded.set(atMs, before + 1);
    // In the order of the record, and before whatever was read in the same millisecond.
    const t = atMs * 1_000_000 - Math.max(1, RECORDED_EARLIER_NS - before);
    this.events.push({ t, w: this.#clock.wallNow(), proc: "service", op: lease, type, lease });
  }

  /** Events of the same millisecond are one nanosecond apart, in the order of writing. */
  #write<Type extends EventType>(proc: string, type: Type, op: string, members: EventMembers[Type]): void {
    const t = Math.max(this.#clock.now() * 1_000_000, this.#lastT + 1);
    this.#lastT = t;
    this.events.push({ t, w: this.#clock.wallNow(), proc, op, type, ...members } as unknown as HistoryEvent);
  }
}
