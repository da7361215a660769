import type { Fault } from "@anyqueue/conformance";
import type { ChaosBody } from "./chaos-queue.ts";
import type { StageName } from "./providers.ts";

/** What a producer or consumer process is told when it starts, as JSON in its only argument. */
export interface ChildSettings {
  readonly stage: StageName;
  /** `host:port` of the proxy before the service. */
  readonly address: string;
  /** Where the histories are written. */
  readonly folder: string;
  /** Its name in the history, unique in the cell. */
  readonly proc: string;
  readonly concurrency: number;
  readonly prefetch: number;
}

/** A producer sends these, one after another begun `everyMs` apart. */
export interface SendCommand {
  readonly kind: "send";
  /** Comes back in the news. */
  readonly wave: string;
  readonly messages: readonly ChaosBody[];
  readonly everyMs: number;
}

/** What it is told while it runs. */
export type ChildCommand =
  | SendCommand
  /** Keeps its event loop busy. */
  | { readonly kind: "block"; readonly ms: number }
  /** Its wall clock is off by this much from now on. */
  | { readonly kind: "jump"; readonly ms: number }
  /** These meet its drivers; a process with a queue in memory only, as are the next two. */
  | { readonly kind: "faults"; readonly faults: readonly Fault[] }
  | { readonly kind: "heal" }
  /** So many consumers run from now on. */
  | { readonly kind: "scale"; readonly to: number };

/** What it tells. */
export type ChildNews =
  | { readonly kind: "ready" }
  /** Its consumer has reached the service and asks for messages. */
  | { readonly kind: "started" }
  /** Every send of this wave has an outcome. */
  | { readonly kind: "sent"; readonly wave: string };
