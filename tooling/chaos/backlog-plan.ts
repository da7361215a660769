import type { FaultKind } from "./cell.ts";
import type { StageName } from "./providers.ts";

/** A backlog that no consumer could hold; it has a run of its own, in `run-backlog.ts`. */
export const BACKLOG: FaultKind = {
  name: "backlog",
  rows: ["F-30"],
  stages: ["sqs", "service-bus", "pubsub"],
  phases: ["handle"],
  begin: () => undefined,
};

/** Messages that wait when the consumer starts. */
export const BACKLOG_SIZE = 1_000_000;
/** Of the consumer process: what it has loaded, and a margin that the backlog would not fit into. MiB. */
export const OLD_SPACE_MB = 64;
export const CONCURRENCY = 100;
export const PREFETCH = 100;
/** So long that a service which is busy with a million messages is no lost lease, milliseconds. */
export const LEASE_MS = 30_000;
/** Handlers are slow at first, and then as fast as they come, milliseconds. */
export const SLOW_MS = 6_000;
export const SLOW_HANDLER_MS = 500;
export const FAST_MS = 10_000;

/** What a process of the run is told, as JSON in its only argument. */
export interface BacklogSettings {
  readonly stage: StageName;
  readonly size: number;
  /** `host:port` of the service; for the consumer. */
  readonly address?: string;
}

/** The broker tells this when all is in it. */
export interface FilledNews {
  readonly kind: "filled";
  readonly address: string;
  /** Sends that were confirmed. */
  readonly confirmed: number;
  readonly fillMs: number;
}

/** Asks the broker what is out, or what became of the messages. */
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

/** What became of the messages, by number. */
export interface Fates {
  readonly left: number;
  /** Neither there nor handled. */
  readonly lost: number;
  /** There although their ack was confirmed. */
  readonly undone: number;
  readonly deadLetters: number;
}

/** What the consumer saw; sizes in MiB. */
export interface ConsumerReport {
  readonly kind: "report";
  readonly handled: number;
  readonly acked: number;
  /** Handled while they were slow. */
  readonly handledSlowly: number;
  readonly handledTwice: number;
  readonly mostHandlers: number;
  /** Most messages at one time that were in a handler or waited for one. */
  readonly mostHeld: number;
  readonly mostHeapMb: number;
  readonly mostRssMb: number;
  /** After a collection, at the end of the slow time. */
  readonly liveSlowMb: number;
  /** The same at the end of all. */
  readonly liveMb: number;
  /** Names of the events that should not have been, with how often. */
  readonly errors: Readonly<Record<string, number>>;
  /** A bit for handled and one for acked, by number of the message. */
  readonly marks: Uint8Array;
}

export const HANDLED = 1;
export const ACKED = 2;
