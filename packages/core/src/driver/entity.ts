import type { Capabilities, Feature } from "./capabilities.ts";
import type { Limits } from "./limits.ts";

/**
 * Which entity is meant, in the words of definitions and configuration; `resolve` of the adapter makes a {@link Target}
 * of it.
 */
export interface EntityRef {
  /** `dead-letter`: the dead letters of the queue or subscription with this name. */
  readonly kind: "queue" | "topic" | "subscription" | "dead-letter";
  /** With the configured prefix. For `dead-letter`: the name of the source unless `exact`. */
  readonly name: string;
  /** The topic of a subscription (also of a subscription's dead letters). */
  readonly topic?: string;
  /** True: the name was configured and is used as it is, never completed; an illegal one is refused. */
  readonly exact?: boolean;
  /** What the definition needs, which may decide about the kind of entity: FIFO, sessions. */
  readonly features: readonly Feature[];
}

/** One entity of one connection. */
export interface Target {
  /** Its address, free of secrets: `"sqs://eu-west-1/prod-orders.fifo"`. In errors and events. */
  readonly name: string;
  /** The entity's own name at the provider: `"prod-orders.fifo"`. */
  readonly entity: string;
  /** What it was resolved from. */
  readonly ref: EntityRef;
  /** What it can do. */
  readonly capabilities: Capabilities;
  /** How much of it. */
  readonly limits: Limits;
}

/** What a probe learned; absent = unknown (right missing or not readable). */
export interface EntityFacts {
  /** The entity's own length of a lease, in milliseconds. */
  readonly leaseMs?: number;
  /** After this many deliveries the service itself dead-letters. */
  readonly maxDeliveries?: number;
  /** The entity's own name of the dead-letter target that the service is configured with. */
  readonly deadLetterEntity?: string;
  /** How long the entity keeps a message, in milliseconds. */
  readonly retentionMs?: number;
  /** What could not be checked and why, one sentence each; the start reports them. */
  readonly unknown: readonly string[];
}

/** What a look at an entity brought. */
export interface ProbeResult {
  /** Corrections of what `resolve` said. */
  readonly capabilities?: Partial<Capabilities>;
  /** Corrections of what `resolve` said. */
  readonly limits?: Partial<Limits>;
  /** How the entity is set up. */
  readonly facts: EntityFacts;
}
