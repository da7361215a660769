/** How a delivery or a message ended. */
export type Outcome =
  | "completed"
  | "abandoned"
  /** Given back by an AMQP `released`. The delivery does not count. */
  | "released"
  | "deferred"
  | "deadLettered"
  /** Taken by a receive-and-delete. */
  | "taken"
  | "lockLost"
  /** The time to live ran out. */
  | "expired";

/** How often each outcome came about; what never did is absent. */
export type OutcomeCounts = Readonly<Partial<Record<Outcome, number>>>;

type Counts = Partial<Record<Outcome, number>>;

/** Bounds the memory of an emulator that runs for weeks: it remembers this many ids up to twice as many. */
const IDS_PER_GENERATION = 10_000;

/**
 * Outcomes per message id. If an SDK merges settlements on the way, they are answered like correct ones. Only
 * the broker can tell a test what really arrived.
 *
 * It keeps two generations rather than one map that drops its oldest key: finding that key means walking over
 * all keys that were deleted before it.
 */
export class OutcomeLog {
  #young = new Map<string, Counts>();
  #old = new Map<string, Counts>();

  count(messageId: string, outcome: Outcome): void {
    const counts = this.#young.get(messageId) ?? this.#moveToYoung(messageId);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }

  all(): Readonly<Record<string, OutcomeCounts>> {
    return Object.fromEntries(
      [...this.#old, ...this.#young].map(([messageId, counts]) => [messageId, { ...counts }]),
    );
  }

  #moveToYoung(messageId: string): Counts {
    const counts = this.#old.get(messageId) ?? {};
    if (this.#young.size >= IDS_PER_GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(messageId, counts);
    return counts;
  }
}
