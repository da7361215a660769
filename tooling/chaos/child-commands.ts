import type { Fault } from "@anyqueue/conformance";
import type { ChaosBody } from "./chaos-queue.ts";
import type { StageName } from "./providers.ts";

/** The settings of a producer or consumer process, as JSON in its only argument. */
export interface ChildSettings {
  readonly stage: StageName;
  /** `host:port` of the proxy in front of the service. */
  readonly address: string;
  /** The folder of the histories. */
  readonly folder: string;
  /** The name of the process in the history, unique in the cell. */
  readonly proc: string;
  readonly concurrency: number;
  readonly prefetch: number;
}

/** Makes a producer send these messages, starting one every `everyMs`. */
export interface SendCommand {
  readonly kind: "send";
  /** The name that the `sent` news repeats. */
  readonly wave: string;
  readonly messages: readonly ChaosBody[];
  readonly everyMs: number;
}

/** A command to a running process. */
export type ChildCommand =
  | SendCommand
  /** Blocks its event loop. */
  | { readonly kind: "block"; readonly ms: number }
  /** Shifts its wall clock by this much from now on. */
  | { readonly kind: "jump"; readonly ms: number }
  /** Injects faults into its drivers. This and the next two are only for a process with a memory queue. */
  | { readonly kind: "faults"; readonly faults: readonly Fault[] }
  | { readonly kind: "heal" }
  /** Sets the number of consumers that run. */
  | { readonly kind: "scale"; readonly to: number };

/** A message from a process to the runner. */
export type ChildNews =
  | { readonly kind: "ready" }
  /** Its consumer has reached the service and is receiving. */
  | { readonly kind: "started" }
  /** Every send of this wave has an outcome. */
  | { readonly kind: "sent"; readonly wave: string };
