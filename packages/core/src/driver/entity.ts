import type { Capabilities, Feature } from "./capabilities.ts";
import type { Limits } from "./limits.ts";

/** Names an entity in terms of definitions and configuration. `resolve` turns it into a {@link Target}. */
export interface EntityRef {
  /** `dead-letter`: the dead letters of the queue or subscription with this name. */
  readonly kind: "queue" | "topic" | "subscription" | "dead-letter";
  /** The name, with the configured prefix. For `dead-letter`: the name of the source, unless `exact`. */
  readonly name: string;
  /** The topic of a subscription (also of a subscription's dead letters). */
  readonly topic?: string;
  /** True: the name was configured and is used unchanged; an illegal one is refused. */
  readonly exact?: boolean;
  /** The features that the definition needs; they may decide the kind of entity (FIFO, sessions). */
  readonly features: readonly Feature[];
}

/** One entity of one connection. */
export interface Target {
  /** Its address without secrets, for errors and events: `"sqs://eu-west-1/prod-orders.fifo"`. */
  readonly name: string;
  /** The entity's own name at the provider: `"prod-orders.fifo"`. */
  readonly entity: string;
  /** The reference that it was resolved from. */
  readonly ref: EntityRef;
  /** What it can do. */
  readonly capabilities: Capabilities;
  /** The limits that apply to it. */
  readonly limits: Limits;
}

/** What a probe found out about an entity. Absent = unknown (right missing or not readable). */
export interface EntityFacts {
  /** The lease length that the entity sets, in milliseconds. */
  readonly leaseMs?: number;
  /** After this many deliveries the service itself dead-letters. */
  readonly maxDeliveries?: number;
  /** The dead-letter target configured at the service, by its entity's own name. */
  readonly deadLetterEntity?: string;
  /** How long the entity keeps a message, in milliseconds. */
  readonly retentionMs?: number;
  /** What could not be checked and why, one sentence each; reported at the start. */
  readonly unknown: readonly string[];
}

/** The result of probing an entity. */
export interface ProbeResult {
  /** Corrections of what `resolve` said. */
  readonly capabilities?: Partial<Capabilities>;
  /** Corrections of what `resolve` said. */
  readonly limits?: Partial<Limits>;
  /** How the entity is set up. */
  readonly facts: EntityFacts;
}
