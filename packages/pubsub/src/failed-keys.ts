import type { PubsubHandle } from "./pubsub-wire.ts";
import type { Return } from "./receiver.ts";

/** What happens to a delivery: it is handed over, left to come again by itself, or given back at once. */
export type Verdict = "take" | "drop" | "give-back";

interface FailedHead {
  /**
   * When its last return began, by the stream that had brought it; monotonic. A returned message is sent again only
   * after its return, so the same stream brings it again after that. Another may be late with an older delivery.
   */
  readonly sinceMs: Readonly<Record<number, number>>;
  /** When the service offers it again at the latest; monotonic. */
  readonly comesAtMs: number;
  /**
   * Before this moment the service does not offer it, whichever of its returns took effect; monotonic. From then on
   * somebody else may be done with it, and what follows is leased here.
   */
  readonly earliestMs: number;
  readonly before: Exclude<Verdict, "take">;
  readonly publishedAtMs: number;
  /** True: it was given back because it was early. Heads that had been handed over come before early ones. */
  readonly isEarly?: true;
  /** True: it was neither handed over here nor given back. */
  readonly isLost?: true;
  /** It came again, on this stream, at `comesAtMs`. Another stream may still bring what was sent before that. */
  readonly backOn?: number;
}

/** What is known of a return that begins. Moments are monotonic, except for the last. */
interface ReturnTimes {
  /** Number of the stream that had brought the message. */
  readonly stream: number;
  /** When it begins. */
  readonly sinceMs: number;
  /** When the service offers the message again at the latest, until the answer says when. */
  readonly comesAtMs: number;
  /** When the message was published. @default 0 */
  readonly publishedAtMs?: number | undefined;
}

/** When a lease ends for which nobody works; `earliestMs` is `comesAtMs` by default. */
type LostTimes = Pick<Return, "comesAtMs" | "earliestMs">;

/** What is known of a delivery that has come. */
type Arrival = Partial<Pick<PubsubHandle, "publishedAtMs" | "sentAfterMs" | "stream">>;

/** By message id. */
type Heads = Map<string, FailedHead>;

/** Time for a returned message to arrive here; after that it is assumed to have gone to another consumer. */
const GRACE_MS = 1_000;
/**
 * What follows a lost message goes back for this long at most until its lease has certainly ended: once a second, and
 * the service's own dead-letter policy counts that.
 */
const MOST_BACK_MS = 2_000;
/**
 * From this many keys on, keys whose messages never came again are removed: those went to another consumer or
 * to the dead letters.
 */
const SWEEP_AT = 1_024;

/**
 * Ordering keys with messages that were given back. Until such a message comes again, the service still sends
 * later messages of its key, and takes them all back when it returns. None of them may be handed over before
 * it.
 */
export class FailedKeys {
  readonly #keys = new Map<string, Heads>();
  #sweepAt = SWEEP_AT;

  /** Number of keys that are held up, or were held up and have received nothing since. */
  get size(): number {
    return this.#keys.size;
  }

  /**
   * Records that a handed-over message is being released; it comes before all that were not handed over. What
   * arrives meanwhile may have been sent before the release or, if the message went to another consumer,
   * after it.
   */
  releasing(key: string, messageId: string, times: ReturnTimes): void {
    this.#set(key, messageId, returned(times));
  }

  /** The same for a message that was not handed over. */
  returning(key: string, messageId: string, times: ReturnTimes): void {
    this.#set(key, messageId, { ...returned(times), isEarly: true });
  }

  /**
   * The release was answered: until `earliestMs` nobody holds the message, and all behind it comes again.
   * @param earliestMs when the service offers it again at the earliest. @default comesAtMs
   */
  released(key: string, messageId: string, comesAtMs: number, earliestMs = Infinity): void {
    const head = this.#keys.get(key)?.get(messageId);
    // Otherwise the message is back already.
    if (head !== undefined && head.backOn === undefined)
      this.#set(key, messageId, { ...head, comesAtMs, earliestMs, before: "drop" });
  }

  /**
   * Records a message that nobody got, perhaps once more: somebody else may settle those before it.
   * @param times when its lease ends: at the latest, and at the earliest
   */
  lost(key: string, messageId: string, times: LostTimes, publishedAtMs?: number): void {
    this.#set(key, messageId, lostHead(times, publishedAtMs));
  }

  /**
   * Records a message that came behind a lost one and is leased to us. If another consumer settles the lost one,
   * this is the next to wait for.
   */
  dropped(key: string | undefined, messageId: string, times: LostTimes, publishedAtMs?: number): void {
    const heads = this.#keys.get(key ?? "") ?? new Map<string, FailedHead>();
    const isBehindLost = [...heads.values()].some(({ isLost }) => isLost === true);
    if (isBehindLost && !heads.has(messageId)) heads.set(messageId, lostHead(times, publishedAtMs));
  }

  /** True: it was given back and has not come again. */
  waitsFor(key: string, messageId: string): boolean {
    const head = this.#keys.get(key)?.get(messageId);
    return head !== undefined && head.backOn === undefined;
  }

  /** True: it was given back as early before, and the service offers it here again. */
  isBackEarly(key: string | undefined, messageId: string): boolean {
    return this.#keys.get(key ?? "")?.get(messageId)?.isEarly === true;
  }

  judge(key: string | undefined = "", messageId: string, nowMs: number, arrival: Arrival = {}): Verdict {
    const { publishedAtMs = 0, sentAfterMs = -Infinity, stream = 0 } = arrival;
    if (this.#keys.size >= this.#sweepAt) this.#sweep(nowMs);
    const heads = this.#keys.get(key);
    if (heads === undefined) return "take";
    const own = heads.get(messageId);
    const isHead = own !== undefined && own.isEarly !== true;
    let verdict: Verdict = "take";
    for (const [id, head] of heads) {
      const { comesAtMs, earliestMs, before, publishedAtMs: headSinceMs, isEarly = false } = head;
      // The service may redeliver a message before it answers the return of it and of those behind it.
      const isToldByKind = isHead === isEarly && own?.isLost !== true && head.isLost !== true;
      const isBehind = isToldByKind ? isHead : follows(id, headSinceMs, messageId, publishedAtMs);
      const isBack = head.backOn !== undefined && (head.backOn === stream || !isJustBack(head, nowMs));
      if (id === messageId || isBehind || isBack) continue;
      if (nowMs < Math.min(comesAtMs, earliestMs) && before === "drop") return "drop";
      const graceMs = isEarly ? 0 : GRACE_MS;
      // A stream may be further behind than the grace, so what was perhaps sent before the message goes back
      // once. What the stream brings after that was sent after the message, which somebody else has then.
      const backMs = own?.isLost === true ? Infinity : (own?.sinceMs[stream] ?? -Infinity);
      const isFresh = Math.max(backMs, sentAfterMs - GRACE_MS) >= comesAtMs;
      if (nowMs < comesAtMs + graceMs || !isFresh) verdict = "give-back";
    }
    if (verdict !== "take") return verdict;
    const back: Heads = new Map([...heads].filter(([, head]) => isJustBack(head, nowMs)));
    if (own !== undefined) back.set(messageId, headOf(nowMs, publishedAtMs, { backOn: stream }));
    if (back.size > 0) this.#keys.set(key, back);
    else this.#keys.delete(key);
    return "take";
  }

  #set(key: string, messageId: string, head: FailedHead): void {
    const heads: Heads = this.#keys.get(key) ?? new Map();
    const known = heads.get(messageId);
    const sinceMs = { ...known?.sinceMs, ...head.sinceMs };
    // Of what is leased here again, the returns before are over.
    const returnedMs = head.isLost === true ? Infinity : (known?.earliestMs ?? Infinity);
    const earliestMs = Math.min(returnedMs, head.earliestMs);
    this.#keys.set(key, heads.set(messageId, { ...head, sinceMs, earliestMs }));
  }

  /** Removes keys that hold up nothing any more. */
  #sweep(nowMs: number): void {
    for (const [key, heads] of this.#keys) {
      const areOver = [...heads.values()].every(({ comesAtMs }) => comesAtMs + GRACE_MS <= nowMs);
      if (areOver) this.#keys.delete(key);
    }
    this.#sweepAt = Math.max(SWEEP_AT, 2 * this.#keys.size);
  }
}

/** Messages published together share a publish time; their ids are ascending numbers. */
export function follows(
  id: string,
  publishedAtMs: number,
  otherId: string,
  otherPublishedAtMs: number,
): boolean {
  if (publishedAtMs !== otherPublishedAtMs) return publishedAtMs > otherPublishedAtMs;
  return id.length === otherId.length ? id > otherId : id.length > otherId.length;
}

function returned({ stream, sinceMs, comesAtMs, publishedAtMs }: ReturnTimes): FailedHead {
  return headOf(comesAtMs, publishedAtMs, { sinceMs: { [stream]: sinceMs } });
}

/** It comes again only when its lease here is over, so what comes is never too old. */
function lostHead({ comesAtMs, earliestMs = comesAtMs }: LostTimes, publishedAtMs?: number): FailedHead {
  const backFromMs = Math.max(earliestMs, comesAtMs - MOST_BACK_MS);
  return headOf(comesAtMs, publishedAtMs, { before: "drop", isLost: true, earliestMs: backFromMs });
}

function headOf(comesAtMs: number, publishedAtMs = 0, more: Partial<FailedHead> = {}): FailedHead {
  return { sinceMs: {}, comesAtMs, earliestMs: Infinity, before: "give-back", publishedAtMs, ...more };
}

function isJustBack({ backOn, comesAtMs }: FailedHead, nowMs: number): boolean {
  return backOn !== undefined && nowMs < comesAtMs + GRACE_MS;
}
