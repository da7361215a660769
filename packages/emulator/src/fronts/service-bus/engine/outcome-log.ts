/** How a delivery, or a message, ended. */
export type Outcome =
  | "completed"
  | "abandoned"
  | "deferred"
  | "deadLettered"
  /** Taken by a receive-and-delete. */
  | "taken"
  | "lockLost"
  /** Time to live ran out. */
  | "expired";

export type OutcomeCounts = Readonly<Partial<Record<Outcome, number>>>;

/** An emulator that runs for weeks must not grow: the oldest ids are forgotten. */
const MAX_MESSAGE_IDS = 10_000;

/**
 * Outcomes per message id. Settlements that an SDK merges on the way are answered like right ones;
 * only the broker can tell a test what really arrived.
 */
export class OutcomeLog {
  readonly #byMessageId = new Map<string, Partial<Record<Outcome, number>>>();

  count(messageId: string, outcome: Outcome): void {
    const counts = this.#byMessageId.get(messageId) ?? this.#add(messageId);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }

  all(): Readonly<Record<string, OutcomeCounts>> {
    return Object.fromEntries([...this.#byMessageId].map(([id, counts]) => [id, { ...counts }]));
  }

  #add(messageId: string): Partial<Record<Outcome, number>> {
    if (this.#byMessageId.size >= MAX_MESSAGE_IDS) {
      for (const oldest of this.#byMessageId.keys()) {
        this.#byMessageId.delete(oldest);
        break;
      }
    }
    const counts: Partial<Record<Outcome, number>> = {};
    this.#byMessageId.set(messageId, counts);
    return counts;
  }
}
