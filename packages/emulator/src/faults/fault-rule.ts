import type { ServiceBusFaultAction } from "./service-bus-fault-action.ts";
import type { PubsubFaultAction } from "./pubsub-fault-action.ts";
import type { SqsFaultAction } from "./sqs-fault-action.ts";

/** The actions that each front knows. */
export interface ActionsByProtocol {
  /** Of the SQS front. */
  readonly sqs: SqsFaultAction;
  /** Of the Service Bus front. */
  readonly "service-bus": ServiceBusFaultAction;
  /** Of the Pub/Sub front. */
  readonly pubsub: PubsubFaultAction;
}

/** The front that a call came to. */
export type Protocol = keyof ActionsByProtocol;

/** What a rule does to a call. Actions of several rules add up; the first that ends the call wins. */
export type FaultAction = ActionsByProtocol[Protocol];

/** How a call was encoded on its way. */
export type Wire = "json" | "query" | "amqp" | "atom" | "grpc";

/** What a rule can tell calls apart by. Every field that is given must fit. */
export interface FaultMatch {
  /** Attempt of the SDK call, from 1. */
  readonly attempt?: number | undefined;
  /** Text that the request's body must contain. */
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
 * A fault: which calls it hits, how often, and what happens to them.
 *
 * @example
 * const rule: FaultRule = { operation: "SendMessage*", when: "after", count: 1, action: { kind: "reset" } };
 */
export interface FaultRule {
  /** `*` and `?` are wildcards; every operation by default. */
  readonly operation?: string | undefined;
  /** Calls of one front only; all fronts by default. */
  readonly protocol?: Protocol | undefined;
  /** Name of the queue or of another entity, with wildcards; all by default. */
  readonly queue?: string | undefined;
  /** By what else calls are told apart; a function cannot travel to another process. @default all fit */
  readonly match?: FaultMatch | ((call: FaultCall) => boolean) | undefined;
  /** Before the call is carried out, or after. @default "before" */
  readonly when?: "before" | "after" | undefined;
  /** Lets this many matching calls pass first. @default 0 */
  readonly skip?: number | undefined;
  /** Fires at most this often. @default without end */
  readonly count?: number | undefined;
  /** Chance to fire, 0 to 1, drawn from the emulator's seed. @default 1 */
  readonly probability?: number | undefined;
  /** What happens to them. */
  readonly action: FaultAction;
}
