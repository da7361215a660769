import type { HistoryEvent } from "./history-event.ts";
import type { HistoryIndex } from "./history-index.ts";

/** What the target and the consumer of a run promise; the checker holds the history against it. */
export interface HistoryPromises {
  /** No message of a key is handled before the one before it is done. @default false */
  readonly ordered: boolean;
  /**
   * `exact`: a hand-over says its true number. `perConsumer`: each consumer leaves out what it gave back itself, so that
   * only its own numbers compare. @default "approximate"
   */
  readonly deliveryCount: "none" | "perConsumer" | "approximate" | "exact";
  /** The service accepts an ack after the end of the lease (`settle: "lateOk"`). @default false */
  readonly lateAcks: boolean;
  /** The service delivers what follows a failed message of a key again, also what was acked. @default false */
  readonly redeliversFollowers: boolean;
  /** Share of acked messages that the service may deliver again by its own admission, 0 to 1. @default 0 */
  readonly anomalyRate: number;
  /** Allowance between clocks and for what is on its way, milliseconds. @default 250 */
  readonly slackMs: number;
  /** A handler's signal aborts this soon after the loss of its lease, milliseconds. @default 1000 */
  readonly abortWithinMs: number;
  /** Runs that the policy allows before a message is dead-lettered; absent: no limit. */
  readonly attempts?: number | undefined;
  /** Handlers of one consumer that may run at once; absent: not checked. */
  readonly concurrency?: number | undefined;
  /** Deliveries that one consumer may hold beyond `concurrency`; absent: not checked. */
  readonly prefetch?: number | undefined;
  /** From the end of the last fault to the next success, milliseconds; absent: not checked. */
  readonly recoveryMs?: number | undefined;
  /** Longest drain, milliseconds; absent: not checked. */
  readonly drainMs?: number | undefined;
  /** Consumers had time for everything: a confirmed message that is left in its queue was stalled. @default false */
  readonly finishes: boolean;
  /** Requests per confirmed message, by operation; operations that are left out are not checked. @default {} */
  readonly callsPerMessage: Readonly<Record<string, number>>;
  /** Asks that bring nothing, in a minute of one process; absent: not checked. */
  readonly emptyAsksPerMinute?: number | undefined;
  /** Time between renewals of one lease, milliseconds; absent: not checked. */
  readonly renewEveryMs?: number | undefined;
  /** Empty asks in a row that prove a queue empty. @default 3 */
  readonly emptyPolls: number;
}

/** What is promised where nothing is said. */
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

/** One breach of an invariant, or one thing that is worth to know. */
export interface Finding {
  /** A sentence. */
  readonly text: string;
  /** The message that it is about. */
  readonly mid?: string | undefined;
  /** The other message that it takes to see it. */
  readonly other?: string | undefined;
  /** What shows it, where the timeline of `mid` does not. */
  readonly evidence?: readonly HistoryEvent[] | undefined;
}

/**
 * `pass`: it held. `fail`: it did not. `unknown`: the history does not tell.
 * `info`: nothing to hold, the findings are facts.
 */
export type InvariantVerdict = "pass" | "fail" | "unknown" | "info";

/** What one invariant says of a history. */
export interface InvariantOutcome {
  /** Whether it held. */
  readonly verdict: InvariantVerdict;
  /** What breaks it, or is worth to know. */
  readonly findings: readonly Finding[];
}

/** One rule that every history must keep. */
export interface Invariant {
  /** `I-1` to `I-16`; stable. */
  readonly id: string;
  /** The rule in a sentence. */
  readonly title: string;
  /** Holds a history against it. */
  check(index: HistoryIndex, promises: HistoryPromises): InvariantOutcome;
}

/** Fails where there is a finding. */
export function judged(findings: readonly Finding[]): InvariantOutcome {
  return { verdict: findings.length === 0 ? "pass" : "fail", findings };
}

/** Nanoseconds of a number of milliseconds. */
export function nanoseconds(ms: number): number {
  return ms * 1_000_000;
}
