/** What becomes of a delivery: it is handed over, left to come again by itself, or given back at once. */
export type Verdict = "take" | "drop" | "give-back";

interface FailedHead {
  /** When the service offers it again; monotonic. */
  readonly comesAtMs: number;
  readonly before: Exclude<Verdict, "take">;
  /** When it was published, if it went back as early; undefined: it had been handed over, and is before all of those. */
  readonly earlySinceMs: number | undefined;
  /** Nobody got it here, nor gave it back. */
  readonly isLost?: true;
}

/** By message id; those that had been handed over are first. */
type Heads = Map<string, FailedHead>;

/** From a message's return to its arrival here; afterwards it is taken to have gone to somebody else. */
const GRACE_MS = 1_000;
/** Keys from which on those are looked for whose messages never came again: they went elsewhere, or to the dead letters. */
const SWEEP_AT = 1_024;

/**
 * Ordering keys of which messages were given back. Until each comes again the service still sends what follows it, and
 * takes all of that back when the message returns: none of it may be handed over before.
 */
export class FailedKeys {
  readonly #keys = new Map<string, Heads>();
  #sweepAt = SWEEP_AT;

  /** Keys that are held up, and those that were and of which nothing came since. */
  get size(): number {
    return this.#keys.size;
  }

  /**
   * The request is out for a message that was handed over, and so is before all that was not. What arrives meanwhile may
   * be from before it or, if the message went elsewhere, from after it.
   */
  releasing(key: string, messageId: string, comesAtMs: number): void {
    const heads: Heads = new Map([[messageId, { comesAtMs, before: "give-back", earlySinceMs: undefined }]]);
    for (const [id, head] of this.#keys.get(key) ?? []) if (id !== messageId) heads.set(id, head);
    this.#keys.set(key, heads);
  }

  /** The same for one that was not handed over. */
  returning(key: string, messageId: string, comesAtMs: number, publishedAtMs = 0): void {
    const heads: Heads = this.#keys.get(key) ?? new Map();
    heads.set(messageId, { comesAtMs, before: "give-back", earlySinceMs: publishedAtMs });
    this.#keys.set(key, heads);
  }

  /** Until the message returns it is leased for nobody, and everything after it comes again with it. */
  released(key: string, messageId: string, comesAtMs: number): void {
    const heads = this.#keys.get(key);
    const head = heads?.get(messageId);
    // Otherwise it is back already.
    if (head !== undefined) heads?.set(messageId, { ...head, comesAtMs, before: "drop" });
  }

  /** A message that nobody got, unless one before it is out already. */
  lost(key: string, messageId: string, comesAtMs: number): void {
    if (this.#keys.has(key)) return;
    this.#keys.set(key, new Map([[messageId, lostHead(comesAtMs)]]));
  }

  /** It came behind a lost one and is leased to us until then: if somebody else settles that one, it is the next to wait for. */
  dropped(key: string | undefined, messageId: string, comesAtMs: number): void {
    const heads = this.#keys.get(key ?? "") ?? new Map<string, FailedHead>();
    const isBehindLost = [...heads.values()].every(({ isLost }) => isLost === true);
    if (isBehindLost && heads.size > 0 && !heads.has(messageId)) heads.set(messageId, lostHead(comesAtMs));
  }

  /** True: it went back as early before, and the service offers it here again. */
  isBackEarly(key: string | undefined, messageId: string): boolean {
    return this.#keys.get(key ?? "")?.get(messageId)?.earlySinceMs !== undefined;
  }

  judge(key: string | undefined, messageId: string, nowMs: number, publishedAtMs = 0): Verdict {
    if (this.#keys.size >= this.#sweepAt) this.#sweep(nowMs);
    const heads = key === undefined ? undefined : this.#keys.get(key);
    if (key === undefined || heads === undefined) return "take";
    let verdict: Verdict = "take";
    for (const [id, { comesAtMs, before, earlySinceMs }] of heads) {
      // Whatever else is here follows it.
      if (id === messageId && earlySinceMs === undefined) break;
      if (id === messageId) continue;
      // The service may send it again before the answer to its return is here.
      if (earlySinceMs !== undefined && follows(id, earlySinceMs, messageId, publishedAtMs)) continue;
      if (nowMs < comesAtMs && before === "drop") return "drop";
      const graceMs = earlySinceMs === undefined || !heads.has(messageId) ? GRACE_MS : 0;
      if (nowMs < comesAtMs + graceMs) verdict = "give-back";
    }
    if (verdict === "take") this.#keys.delete(key);
    return verdict;
  }

  /** What holds up nothing any more. */
  #sweep(nowMs: number): void {
    for (const [key, heads] of this.#keys) {
      const areOver = [...heads.values()].every(({ comesAtMs }) => comesAtMs + GRACE_MS <= nowMs);
      if (areOver) this.#keys.delete(key);
    }
    this.#sweepAt = Math.max(SWEEP_AT, 2 * this.#keys.size);
  }
}

/** Messages that were published together have one time; their ids, which are numbers, count up. */
function follows(id: string, publishedAtMs: number, otherId: string, otherPublishedAtMs: number): boolean {
  if (publishedAtMs !== otherPublishedAtMs) return publishedAtMs > otherPublishedAtMs;
  return id.length === otherId.length ? id > otherId : id.length > otherId.length;
}

function lostHead(comesAtMs: number): FailedHead {
  return { comesAtMs, before: "drop", earlySinceMs: undefined, isLost: true };
}
