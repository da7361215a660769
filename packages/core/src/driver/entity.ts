import type { Capabilities, Feature } from "./capabilities.ts";
import type { Limits } from "./limits.ts";

/** What a definition asks for; the naming rules of the adapter are applied by `resolve`. */
export interface EntityRef {
  readonly kind: "queue" | "topic" | "subscription" | "dead-letter";
  /** With the configured prefix. For `dead-letter`: the name of the source unless `exact`. */
  readonly name: string;
  /** The topic of a subscription (also of a subscription's dead letters). */
  readonly topic?: string;
  /** True: the name was configured and is used as it is, never completed; an illegal one is refused. */
  readonly exact?: boolean;
  readonly features: readonly Feature[];
}

/** One entity of one connection. */
export interface Target {
  /** `"sqs://eu-west-1/prod-orders.fifo"`, free of secrets. */
  readonly name: string;
  /** The entity's own name at the provider: `"prod-orders.fifo"`. */
  readonly entity: string;
  readonly ref: EntityRef;
  readonly capabilities: Capabilities;
  readonly limits: Limits;
}

/** What a probe learned; absent = unknown (right missing or not readable). */
export interface EntityFacts {
  /** The entity's own lease length, milliseconds. */
  readonly leaseMs?: number;
  /** After this many deliveries the service itself dead-letters. */
  readonly maxDeliveries?: number;
  /** The entity's own name of the dead-letter target that the service is configured with. */
  readonly deadLetterEntity?: string;
  readonly retentionMs?: number;
  /** What could not be checked and why, one sentence each; the start reports them. */
  readonly unknown: readonly string[];
}

/** Corrections of what `resolve` stated, and facts of the entity. */
export interface ProbeResult {
  readonly capabilities?: Partial<Capabilities>;
  readonly limits?: Partial<Limits>;
  readonly facts: EntityFacts;
}
