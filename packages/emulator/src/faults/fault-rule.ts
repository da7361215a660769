import type { ServiceBusFaultAction } from "./service-bus-fault-action.ts";
import type { PubsubFaultAction } from "./pubsub-fault-action.ts";
import type { SqsFaultAction } from "./sqs-fault-action.ts";

/** The actions that each front supports. */
export interface ActionsByProtocol {
  /** Of the SQS front. */
  readonly sqs: SqsFaultAction;
  /** Of the Service Bus front. */
  readonly "service-bus": ServiceBusFaultAction;
  /** Of the Pub/Sub front. */
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
  /** Region that the client means. */
  readonly region?: string | undefined;
  /** How the call is encoded. */
  readonly wire?: Wire | undefined;
}

/** A call as rules see it. */
export interface FaultCall<Of extends Protocol = Protocol> {
  /** The front that it came to. */
  readonly protocol: Of;
  /** How it was encoded. */
  readonly wire: Wire;
  /** The service's name of what was asked for: `SendMessageBatch`. */
  readonly operation: string;
  /** Name of the queue or of another entity; undefined where the request names none. */
  readonly queue: string | undefined;
  /** Region (SQS) or project (Pub/Sub) that the client meant; `local` for Service Bus. */
  readonly region: string;
  /** Attempt of the SDK call, from 1. */
  readonly attempt: number;
  /** The same for all attempts of one SDK call; undefined where the SDK does not say. */
  readonly invocationId: string | undefined;
  /** The request's body as text. */
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
  /** By what else calls are told apart; a function cannot travel to another process. @default all fit */
  readonly match?: FaultMatch | ((call: FaultCall) => boolean) | undefined;
  /** Fires before or after the call is carried out. @default "before" */
  readonly when?: "before" | "after" | undefined;
  /** Number of matching calls to let pass first. @default 0 */
  readonly skip?: number | undefined;
  /** Maximum number of times to fire. @default without end */
  readonly count?: number | undefined;
  /** Probability of firing, 0 to 1, drawn from the emulator's seed. @default 1 */
  readonly probability?: number | undefined;
  /** What happens to them. */
  readonly action: FaultAction;
}
