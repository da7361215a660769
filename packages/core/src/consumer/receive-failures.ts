import { DEFAULTS } from "../client/defaults.ts";
import type { QueueError } from "../errors/queue-error.ts";
import { backoffMs } from "../retry/backoff.ts";
import type { EventSink } from "../telemetry/events.ts";
import { randomOf, type Clock } from "../time/clock.ts";

export interface ReceiveFailuresOptions {
  /** Name of the target. */
  readonly target: string;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly random?: (() => number) | undefined;
}

/** Expired credentials are usually renewed while a process lives, so they end a run only after this. */
const UNAUTHENTICATED_GRACE_MS = 300_000;
/**
 * Waiting cannot fix these: the consumer drains and `run` rejects, once. A missing queue is included, even
 * one deleted while consumed: going on silently would hide a mistake, and the consumer can be run again.
 */
const FATAL: ReadonlySet<string> = new Set([
  "NOT_FOUND",
  "ACCESS_DENIED",
  "INVALID_ARGUMENT",
  "UNSUPPORTED",
  "CLOSED",
]);
const BOUNDS = { minMs: DEFAULTS.pollErrorMinMs, maxMs: DEFAULTS.pollErrorMaxMs };

/** Failures to start or to receive in a row: each is reported, and the pause after it is longer. */
export class ReceiveFailures {
  readonly #options: ReceiveFailuresOptions;
  #failingSinceMs: number | undefined;
  /** Credentials may expire at the end of an outage: their time starts with their own first failure. */
  #refusedSinceMs: number | undefined;
  #hasSucceeded = false;
  /** Failures in a row. */
  count = 0;

  constructor(options: ReceiveFailuresOptions) {
    this.#options = options;
  }

  succeeded(): void {
    this.count = 0;
    this.#failingSinceMs = this.#refusedSinceMs = undefined;
    this.#hasSucceeded = true;
  }

  /** Reports the failure. @returns the pause after it, in milliseconds */
  failed(error: QueueError): number {
    const { target, clock, events, random = randomOf(clock) } = this.#options;
    this.count += 1;
    const nowMs = clock.now();
    this.#failingSinceMs ??= nowMs;
    this.#refusedSinceMs = error.code === "UNAUTHENTICATED" ? (this.#refusedSinceMs ?? nowMs) : undefined;
    // Many failures may come soon after each other. A short outage is followed by no long pause all the same.
    const mostMs = Math.round(2 * (nowMs - this.#failingSinceMs));
    const backMs = Math.min(backoffMs(this.count, BOUNDS, random), mostMs);
    const delayMs = Math.max(BOUNDS.minMs, backMs, error.retryAfterMs ?? 0);
    events.emit("receive-error", { target, error, failures: this.count, delayMs });
    return delayMs;
  }

  /** True: no request for messages can succeed. */
  isFatal({ code, retryable }: QueueError): boolean {
    const { clock } = this.#options;
    if (code !== "UNAUTHENTICATED") return FATAL.has(code) && !retryable;
    const nowMs = clock.now();
    return !this.#hasSucceeded || nowMs - (this.#refusedSinceMs ?? nowMs) >= UNAUTHENTICATED_GRACE_MS;
  }
}
