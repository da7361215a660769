import type { FaultKind } from "./cell.ts";
import type { StageName } from "./providers.ts";

/** A backlog that no consumer could hold in memory. `run-backlog.ts` runs it. */
export const BACKLOG: FaultKind = {
  name: "backlog",
  rows: ["F-30"],
  stages: ["sqs", "service-bus", "pubsub"],
  phases: ["handle"],
  begin: () => undefined,
};

/** Messages that wait when the consumer starts. */
export const BACKLOG_SIZE = 1_000_000;
/** Old space of the consumer process: its code and a margin too small for the backlog. MiB. */
export const OLD_SPACE_MB = 64;
export const CONCURRENCY = 100;
export const PREFETCH = 100;
/** Long enough that a service busy with a million messages loses no lease, milliseconds. */
export const LEASE_MS = 30_000;
/** Handlers are slow for `SLOW_MS`, and then as fast as possible for `FAST_MS`, milliseconds. */
export const SLOW_MS = 6_000;
export const SLOW_HANDLER_MS = 500;
export const FAST_MS = 10_000;

/** The settings of a process of the run, as JSON in its only argument. */
export interface BacklogSettings {
  readonly stage: StageName;
  readonly size: number;
  /** `host:port` of the service. Only the consumer gets it. */
  readonly address?: string;
}

/** The broker sends this when it holds all messages. */
export interface FilledNews {
  readonly kind: "filled";
  readonly address: string;
  /** The number of confirmed sends. */
  readonly confirmed: number;
  readonly fillMs: number;
}

/** Asks the broker how many messages are out, or what happened to each message. */
export type BrokerQuestion =
  | { readonly kind: "out" }
  | { readonly kind: "fates"; readonly marks: Uint8Array };

export interface OutAnswer {
  readonly kind: "out";
  readonly out: number;
}

export interface FatesAnswer {
  readonly kind: "fates";
  readonly fates: Fates;
}

/** The numbers of messages by what happened to them. */
export interface Fates {
  readonly left: number;
  /** Neither in the queue nor handled. */
  readonly lost: number;
  /** In the queue although their ack was confirmed. */
  readonly undone: number;
  readonly deadLetters: number;
}

/** What the consumer observed. Sizes are in MiB. */
export interface ConsumerReport {
  readonly kind: "report";
  readonly handled: number;
  readonly acked: number;
  /** Handled while the handlers were slow. */
  readonly handledSlowly: number;
  readonly handledTwice: number;
  readonly mostHandlers: number;
  /** The most messages that were in a handler or waited for one at the same time. */
  readonly mostHeld: number;
  readonly mostHeapMb: number;
  readonly mostRssMb: number;
  /** Heap after a garbage collection, at the end of the slow time. */
  readonly liveSlowMb: number;
  /** The same at the end of the run. */
  readonly liveMb: number;
  /** How often each event occurred that should not occur, by name. */
  readonly errors: Readonly<Record<string, number>>;
  /** The bits `HANDLED` and `ACKED` of each message, by its number. */
  readonly marks: Uint8Array;
}

export const HANDLED = 1;
export const ACKED = 2;
