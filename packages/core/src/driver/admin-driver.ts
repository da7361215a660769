import type { Target } from "./entity.ts";

/** Settings of an entity to create. The service decides about settings that are absent. */
export interface CreateOptions {
  /** The dead-letter target to connect to the entity. @default none */
  readonly deadLetter?: Target;
  /** After this many deliveries the service itself dead-letters a message; only with `deadLetter`. */
  readonly maxDeliveries?: number;
  /** Lease of a delivery, in milliseconds, if the entity sets it. */
  readonly leaseMs?: number;
  /** Tags or labels of the entity, if the service has them. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** How many messages an entity holds. A number is absent if the service does not report it. */
export interface EntityCounts {
  /** Messages that can be received now. */
  readonly ready?: number;
  /** Messages that consumers hold. */
  readonly inFlight?: number;
  /** Messages that are not due yet. */
  readonly delayed?: number;
  /** True if the service says that its numbers are estimates. */
  readonly approximate: boolean;
}

/**
 * Provisioning and inspection (D12). Every method rejects with the vendor's own error, which the core passes
 * to `classify(…, "admin")`.
 */
export interface AdminDriver {
  /**
   * Creates an entity; idempotent. If it exists with other settings, rejects with ALREADY_EXISTS and changes
   * nothing.
   * @returns steps that somebody has to do by hand, such as a grant, one sentence each; reported by the event
   * `notice`
   */
  create(target: Target, options: CreateOptions, signal: AbortSignal): Promise<readonly string[] | void>;
  /** Counts the messages of an entity. */
  inspect(target: Target, signal: AbortSignal): Promise<EntityCounts>;
  /** Returns the entities whose names at the provider begin with `prefix`. */
  list(prefix: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Removes all messages of an entity. */
  purge(target: Target, signal: AbortSignal): Promise<void>;
  /** Resets an entity to its state at a moment. Absent if the service cannot do that. */
  seek?(target: Target, to: Date, signal: AbortSignal): Promise<void>;
  /** Deletes an entity with its messages. */
  delete(target: Target, signal: AbortSignal): Promise<void>;
  /**
   * Has the service move messages; yields how many so far. Absent, or if it rejects with UNSUPPORTED before it
   * has yielded: the core moves them one by one.
   */
  redrive?(from: Target, to: Target, signal: AbortSignal): AsyncIterable<{ readonly moved: number }>;
  /** Closes what only the administration has opened. */
  close(): Promise<void>;
}
