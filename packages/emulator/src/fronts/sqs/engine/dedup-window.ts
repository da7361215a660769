import { SQS_DEDUP_WINDOW_MS } from "../sqs-limits.ts";

/** The answer to the first send of a deduplication id. Later sends get the same answer. */
export interface RememberedSend {
  readonly messageId: string;
  readonly sequenceNumber: string | undefined;
}

interface Entry {
  readonly send: RememberedSend;
  readonly expiresAtMs: number;
}

/**
 * Deduplication ids of the last five minutes. The window starts at the first send, is not extended by a
 * duplicate and outlives the message.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html (2026-11-24)
 */
export class DedupWindow {
  /** In order of expiry, because all entries live equally long. */
  readonly #entries = new Map<string, Entry>();

  find(key: string, nowMs: number): RememberedSend | undefined {
    this.#forgetExpired(nowMs);
    return this.#entries.get(key)?.send;
  }

  remember(key: string, send: RememberedSend, nowMs: number): void {
    this.#entries.set(key, { send, expiresAtMs: nowMs + SQS_DEDUP_WINDOW_MS });
  }

  clear(): void {
    this.#entries.clear();
  }

  #forgetExpired(nowMs: number): void {
    for (const [key, entry] of this.#entries) {
      if (entry.expiresAtMs > nowMs) return;
      this.#entries.delete(key);
    }
  }
}
