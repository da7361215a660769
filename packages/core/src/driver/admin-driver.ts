import type { Target } from "./entity.ts";

/** Settings of an entity that is to be created; what is absent is left to the service. */
export interface CreateOptions {
  /** The dead-letter target to wire to it. @default none is wired */
  readonly deadLetter?: Target;
  /** Deliveries after which the service itself dead-letters; only beside `deadLetter`. */
  readonly maxDeliveries?: number;
  /** Lease of a delivery, in milliseconds, where the entity sets it. */
  readonly leaseMs?: number;
  /** Tags or labels of the entity, where the service has such. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** How many messages an entity holds; a number is absent where the service cannot tell it. */
export interface EntityCounts {
  /** Messages that can be received now. */
  readonly ready?: number;
  /** Messages that consumers hold. */
  readonly inFlight?: number;
  /** Messages that are not due yet. */
  readonly delayed?: number;
  /** True where the service says that its numbers are estimates. */
  readonly approximate: boolean;
}

/**
 * Provisioning and inspection (D12). Every method rejects with the vendor's own error, which the core reads by
 * `classify(…, "admin")`.
 */
export interface AdminDriver {
  /**
   * Idempotent; an entity that exists with other settings rejects ALREADY_EXISTS and changes nothing.
   * @returns what it could not do and somebody has to, such as a grant, one sentence each: told as the event `notice`
   */
  create(target: Target, options: CreateOptions, signal: AbortSignal): Promise<readonly string[] | void>;
  /** Counts the messages of an entity. */
  inspect(target: Target, signal: AbortSignal): Promise<EntityCounts>;
  /** Names of the entities that begin with `prefix`, as the provider has them. */
  list(prefix: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Removes all messages of an entity. */
  purge(target: Target, signal: AbortSignal): Promise<void>;
  /** Makes an entity what it was at a moment. Absent: the service cannot. */
  seek?(target: Target, to: Date, signal: AbortSignal): Promise<void>;
  /** Deletes an entity with its messages. */
  delete(target: Target, signal: AbortSignal): Promise<void>;
  /** Moves messages by the service itself; yields how many were moved so far. Absent: the core moves message by message. */
  redrive?(from: Target, to: Target, signal: AbortSignal): AsyncIterable<{ readonly moved: number }>;
  /** Ends what the administration alone has open. */
  close(): Promise<void>;
}
