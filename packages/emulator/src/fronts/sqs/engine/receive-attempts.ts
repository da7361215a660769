import { SQS_ATTEMPT_WINDOW_MS } from "../sqs-limits.ts";
import type { StoredMessage } from "./stored-message.ts";

interface Handed {
  readonly message: StoredMessage;
  /** Serial of the receipt that was handed out. If the message has a newer one, it was received again. */
  readonly serial: number;
}

interface Attempt {
  readonly handed: readonly Handed[];
  readonly expiresAtMs: number;
}

/**
 * Remembers which messages each ReceiveRequestAttemptId got, so that a repeated request gets the same ones.
 * An attempt is void once one of its messages was deleted, changed or became visible.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-receiverequestattemptid-request-parameter.html (2026-11-24)
 */
export class ReceiveAttempts {
  /** In order of expiry, because all entries live equally long. */
  readonly #attempts = new Map<string, Attempt>();
  readonly #attemptOfMessage = new Map<StoredMessage, string>();

  find(attemptId: string, nowMs: number): readonly StoredMessage[] | undefined {
    this.#forgetExpired(nowMs);
    const attempt = this.#attempts.get(attemptId);
    if (attempt === undefined) return undefined;
    const isIntact = attempt.handed.every(
      ({ message, serial }) => message.state === "inFlight" && message.receiptSerial === serial,
    );
    if (isIntact) return attempt.handed.map(({ message }) => message);
    this.#forget(attemptId, attempt);
    return undefined;
  }

  remember(attemptId: string, messages: readonly StoredMessage[], nowMs: number): void {
    if (messages.length === 0) return;
    const handed = messages.map((message) => ({ message, serial: message.receiptSerial }));
    this.#attempts.set(attemptId, { handed, expiresAtMs: nowMs + SQS_ATTEMPT_WINDOW_MS });
    for (const message of messages) this.#attemptOfMessage.set(message, attemptId);
  }

  /** A caller deleted the message or changed its visibility. */
  invalidate(message: StoredMessage): void {
    const attemptId = this.#attemptOfMessage.get(message);
    if (attemptId === undefined) return;
    const attempt = this.#attempts.get(attemptId);
    if (attempt === undefined) this.#attemptOfMessage.delete(message);
    else this.#forget(attemptId, attempt);
  }

  clear(): void {
    this.#attempts.clear();
    this.#attemptOfMessage.clear();
  }

  #forgetExpired(nowMs: number): void {
    for (const [attemptId, attempt] of this.#attempts) {
      if (attempt.expiresAtMs > nowMs) return;
      this.#forget(attemptId, attempt);
    }
  }

  #forget(attemptId: string, attempt: Attempt): void {
    this.#attempts.delete(attemptId);
    for (const { message } of attempt.handed) {
      if (this.#attemptOfMessage.get(message) === attemptId) this.#attemptOfMessage.delete(message);
    }
  }
}
