import type { HistoryEvent } from "./history-event.ts";
import type { HistoryIndex } from "./history-index.ts";

/** What the target and the consumer of a run promise; the checker tests the history against it. */
export interface HistoryPromises {
  /** A message of a key is not handled before the previous one is done. @default false */
  readonly ordered: boolean;
  /**
   * `exact`: a hand-over has its true number. `perConsumer`: a consumer does not count messages that it gave
   * back itself, so only its own numbers are comparable. @default "approximate"
   */
  readonly deliveryCount: "none" | "perConsumer" | "approximate" | "exact";
  /** The service accepts an ack after the end of the lease (`settle: "lateOk"`). @default false */
  readonly lateAcks: boolean;
  /** After a failed message, the service redelivers its key's followers, even acked ones. @default false */
  readonly redeliversFollowers: boolean;
  /** Share of acked messages that the service may redeliver by its own admission, 0 to 1. @default 0 */
  readonly anomalyRate: number;
  /** Allowance for differing clocks and messages on their way, in milliseconds. @default 250 */
  readonly slackMs: number;
  /** Time for a handler's signal to abort after its lease is lost, in milliseconds. @default 1000 */
  readonly abortWithinMs: number;
  /** Runs that the policy allows before a message is dead-lettered; absent: no limit. */
  readonly attempts?: number | undefined;
  /** Parallel handlers of one consumer; absent: not checked. */
  readonly concurrency?: number | undefined;
  /** Most starts of handlers of one consumer in any span of `perMs` milliseconds; absent: not checked. */
  readonly rateLimit?: { readonly count: number; readonly perMs: number } | undefined;
  /** Deliveries that one consumer may hold beyond `concurrency`; absent: not checked. */
  readonly prefetch?: number | undefined;
  /** Time from the end of the last fault to the next success, in milliseconds; absent: not checked. */
  readonly recoveryMs?: number | undefined;
  /**
   * Time from the moment of a message to its hand-over, in milliseconds: its send, or the end of its delay.
   * Absent: not checked.
   */
  readonly promptMs?: number | undefined;
  /** Longest drain, in milliseconds; absent: not checked. */
  readonly drainMs?: number | undefined;
  /** Consumers had enough time: a confirmed message that is left in its queue stalled. @default false */
  readonly finishes: boolean;
  /** Requests per confirmed message, by operation; missing operations are not checked. @default {} */
  readonly callsPerMessage: Readonly<Record<string, number>>;
  /** Receives per minute and process that return nothing; absent: not checked. */
  readonly emptyAsksPerMinute?: number | undefined;
  /** Time between renewals of one lease, in milliseconds; absent: not checked. */
  readonly renewEveryMs?: number | undefined;
  /** Number of empty receives in a row that prove a queue empty. @default 3 */
  readonly emptyPolls: number;
}

/** The promises that apply by default. */
export const HISTORY_PROMISES: HistoryPromises = Object.freeze({
  ordered: false,
  deliveryCount: "approximate",
  lateAcks: false,
  redeliversFollowers: false,
  anomalyRate: 0,
  finishes: false,
  slackMs: 250,
  abortWithinMs: 1_000,
  callsPerMessage: Object.freeze({}),
  emptyPolls: 3,
});

/** One breach of an invariant, or one fact that is worth knowing. */
export interface Finding {
  /** One sentence. */
  readonly text: string;
  /** The message that it is about. */
  readonly mid?: string | undefined;
  /** The other message needed to see the breach. */
  readonly other?: string | undefined;
  /** Evidence that the timeline of `mid` does not contain. */
  readonly evidence?: readonly HistoryEvent[] | undefined;
}

/**
 * `pass`: it held. `fail`: it did not. `unknown`: the history does not tell.
 * `info`: there is nothing to hold; the findings are facts.
 */
export type InvariantVerdict = "pass" | "fail" | "unknown" | "info";

/** The result of one invariant for a history. */
export interface InvariantOutcome {
  /** Whether it held. */
  readonly verdict: InvariantVerdict;
  /** Breaches, or facts worth knowing. */
  readonly findings: readonly Finding[];
}

/** One rule that every history must keep. */
export interface Invariant {
  /** `I-1` to `I-17`; stable. */
  readonly id: string;
  /** The rule in one sentence. */
  readonly title: string;
  /** Checks a history. */
  check(index: HistoryIndex, promises: HistoryPromises): InvariantOutcome;
}

/** Fails if there are findings. */
export function judged(findings: readonly Finding[]): InvariantOutcome {
  return { verdict: findings.length === 0 ? "pass" : "fail", findings };
}

/** Converts milliseconds to nanoseconds. */
export function nanoseconds(ms: number): number {
  return ms * 1_000_000;
}
