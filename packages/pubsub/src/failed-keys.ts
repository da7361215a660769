/** What becomes of a delivery: it is handed over, left to come again by itself, or given back at once. */
export type Verdict = "take" | "drop" | "give-back";

interface FailedHead {
  readonly messageId: string;
  /** When the service offers it again; monotonic. */
  readonly comesAtMs: number;
  readonly before: Exclude<Verdict, "take">;
}

/** From a message's return to its arrival here; afterwards it is taken to have gone to somebody else. */
const GRACE_MS = 1_000;

/**
 * Ordering keys of which a message was given back. Until it comes again the service still sends what follows it, and
 * takes all of that back when the message returns: none of it may be handed over before.
 */
export class FailedKeys {
  readonly #heads = new Map<string, FailedHead>();

  /** The request is out. What arrives meanwhile may be from before it or, if the message went elsewhere, from after it. */
  releasing(key: string, messageId: string, comesAtMs: number): void {
    this.#heads.set(key, { messageId, comesAtMs, before: "give-back" });
  }

  /** Until the message returns it is leased for nobody, and everything after it comes again with it. */
  released(key: string, messageId: string, comesAtMs: number): void {
    // It is back already.
    if (this.#heads.get(key)?.messageId !== messageId) return;
    this.#heads.set(key, { messageId, comesAtMs, before: "drop" });
  }

  /** A message that nobody got, unless one before it is out already. */
  lost(key: string, messageId: string, comesAtMs: number): void {
    if (!this.#heads.has(key)) this.#heads.set(key, { messageId, comesAtMs, before: "drop" });
  }

  judge(key: string | undefined, messageId: string, nowMs: number): Verdict {
    const head = key === undefined ? undefined : this.#heads.get(key);
    if (key === undefined || head === undefined) return "take";
    if (messageId !== head.messageId && nowMs < head.comesAtMs) return head.before;
    if (messageId !== head.messageId && nowMs < head.comesAtMs + GRACE_MS) return "give-back";
    this.#heads.delete(key);
    return "take";
  }
}
