import type { ServiceBusFaultAction } from "./service-bus-fault-action.ts";
import type { PubsubFaultAction } from "./pubsub-fault-action.ts";
import type { SqsFaultAction } from "./sqs-fault-action.ts";

/** The actions that each front supports. */
export interface ActionsByProtocol {
  readonly sqs: SqsFaultAction;
  readonly "service-bus": ServiceBusFaultAction;
  readonly pubsub: PubsubFaultAction;
}

/** The front that received a call. */
export type Protocol = keyof ActionsByProtocol;

/** What a rule does to a call. Actions of several rules add up. The first action that ends the call wins. */
export type FaultAction = ActionsByProtocol[Protocol];

/** Wire format of a call. */
export type Wire = "json" | "query" | "amqp" | "atom" | "grpc";

/** Conditions on a call. All fields given must match. */
export interface FaultMatch {
  /** Attempt of the SDK call, from 1. */
  readonly attempt?: number | undefined;
  /** Text that the request body must contain. */
  readonly bodyContains?: string | undefined;
  readonly region?: string | undefined;
  readonly wire?: Wire | undefined;
}

/** A call as rules see it. */
export interface FaultCall<Of extends Protocol = Protocol> {
  readonly protocol: Of;
  readonly wire: Wire;
  readonly operation: string;
  readonly queue: string | undefined;
  readonly region: string;
  readonly attempt: number;
  readonly invocationId: string | undefined;
  readonly body: string;
}

/**
 * A fault rule: which calls it hits, how often, and what happens to them.
 *
 * @example
 * const rule: FaultRule = { operation: "SendMessage*", when: "after", count: 1, action: { kind: "reset" } };
 */
export interface FaultRule {
  /** Name of the operation; `*` and `?` are wildcards. Every operation by default. */
  readonly operation?: string | undefined;
  /** Limits the rule to one front. All fronts by default. */
  readonly protocol?: Protocol | undefined;
  /** Name of the queue or other entity, with wildcards. All by default. */
  readonly queue?: string | undefined;
  readonly match?: FaultMatch | ((call: FaultCall) => boolean) | undefined;
  /** Fires before or after the call is carried out. @default "before" */
  readonly when?: "before" | "after" | undefined;
  /** Number of matching calls to let pass first. @default 0 */
  readonly skip?: number | undefined;
  /** Maximum number of times to fire. @default without end */
  readonly count?: number | undefined;
  /** Probability of firing, 0 to 1, drawn from the emulator's seed. @default 1 */
  readonly probability?: number | undefined;
  readonly action: FaultAction;
}
