/** How a delivery, or a message, ended. */
export type Outcome =
  | "completed"
  | "abandoned"
  /** Given back by an AMQP `released`: no delivery. */
  | "released"
  | "deferred"
  | "deadLettered"
  /** Taken by a receive-and-delete. */
  | "taken"
  | "lockLost"
  /** Time to live ran out. */
  | "expired";

/** How often each outcome came about; what never did is absent. */
export type OutcomeCounts = Readonly<Partial<Record<Outcome, number>>>;

type Counts = Partial<Record<Outcome, number>>;

/** An emulator that runs for weeks must not grow: between this and twice as many ids are remembered. */
const IDS_PER_GENERATION = 10_000;

/**
 * Outcomes per message id. Settlements that an SDK merges on the way are answered like right ones;
 * only the broker can tell a test what really arrived.
 *
 * Two generations instead of one map that forgets its oldest key: finding that key costs a walk over
 * all that were deleted before it.
 */
export class OutcomeLog {
  #young = new Map<string, Counts>();
  #old = new Map<string, Counts>();

  count(messageId: string, outcome: Outcome): void {
    const counts = this.#young.get(messageId) ?? this.#rejuvenate(messageId);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }

  all(): Readonly<Record<string, OutcomeCounts>> {
    return Object.fromEntries(
      [...this.#old, ...this.#young].map(([messageId, counts]) => [messageId, { ...counts }]),
    );
  }

  #rejuvenate(messageId: string): Counts {
    const counts = this.#old.get(messageId) ?? {};
    if (this.#young.size >= IDS_PER_GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(messageId, counts);
    return counts;
  }
}
