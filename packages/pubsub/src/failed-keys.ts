/** What becomes of a delivery: it is handed over, left to come again by itself, or given back at once. */
export type Verdict = "take" | "drop" | "give-back";

interface FailedHead {
  /** When the service offers it again; monotonic. */
  readonly comesAtMs: number;
  readonly before: Exclude<Verdict, "take">;
  readonly publishedAtMs: number;
  /** It went back because it was early. All others had been handed over, and are before these. */
  readonly isEarly?: true;
  /** Nobody got it here, nor gave it back. */
  readonly isLost?: true;
}

/** By message id. */
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
  releasing(key: string, messageId: string, comesAtMs: number, publishedAtMs = 0): void {
    this.#set(key, messageId, { comesAtMs, before: "give-back", publishedAtMs });
  }

  /** The same for one that was not handed over. */
  returning(key: string, messageId: string, comesAtMs: number, publishedAtMs = 0): void {
    this.#set(key, messageId, { comesAtMs, before: "give-back", publishedAtMs, isEarly: true });
  }

  /** Until the message returns it is leased for nobody, and everything after it comes again with it. */
  released(key: string, messageId: string, comesAtMs: number): void {
    const heads = this.#keys.get(key);
    const head = heads?.get(messageId);
    // Otherwise it is back already.
    if (head !== undefined) heads?.set(messageId, { ...head, comesAtMs, before: "drop" });
  }

  /** A message that nobody got, unless one before it is out already. */
  lost(key: string, messageId: string, comesAtMs: number, publishedAtMs = 0): void {
    if (!this.#keys.has(key)) this.#set(key, messageId, lostHead(comesAtMs, publishedAtMs));
  }

  /** It came behind a lost one and is leased to us until then: if somebody else settles that one, it is the next to wait for. */
  dropped(key: string | undefined, messageId: string, comesAtMs: number, publishedAtMs = 0): void {
    const heads = this.#keys.get(key ?? "") ?? new Map<string, FailedHead>();
    const isBehindLost = [...heads.values()].every(({ isLost }) => isLost === true);
    if (isBehindLost && heads.size > 0 && !heads.has(messageId))
      heads.set(messageId, lostHead(comesAtMs, publishedAtMs));
  }

  /** True: it went back as early before, and the service offers it here again. */
  isBackEarly(key: string | undefined, messageId: string): boolean {
    return this.#keys.get(key ?? "")?.get(messageId)?.isEarly === true;
  }

  judge(key: string | undefined, messageId: string, nowMs: number, publishedAtMs = 0): Verdict {
    if (this.#keys.size >= this.#sweepAt) this.#sweep(nowMs);
    const heads = key === undefined ? undefined : this.#keys.get(key);
    if (key === undefined || heads === undefined) return "take";
    const own = heads.get(messageId);
    const isHead = own !== undefined && own.isEarly !== true;
    let verdict: Verdict = "take";
    for (const [id, head] of heads) {
      const { comesAtMs, before, publishedAtMs: headSinceMs, isEarly = false } = head;
      // The service may send it again before the answers to its return, and to that of what follows it, are here.
      const isBehind = isHead === isEarly ? isHead : follows(id, headSinceMs, messageId, publishedAtMs);
      if (id === messageId || isBehind) continue;
      if (nowMs < comesAtMs && before === "drop") return "drop";
      const graceMs = isEarly && own !== undefined ? 0 : GRACE_MS;
      if (nowMs < comesAtMs + graceMs) verdict = "give-back";
    }
    if (verdict === "take") this.#keys.delete(key);
    return verdict;
  }

  #set(key: string, messageId: string, head: FailedHead): void {
    const heads: Heads = this.#keys.get(key) ?? new Map();
    this.#keys.set(key, heads.set(messageId, head));
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

function lostHead(comesAtMs: number, publishedAtMs: number): FailedHead {
  return { comesAtMs, before: "drop", publishedAtMs, isLost: true };
}
