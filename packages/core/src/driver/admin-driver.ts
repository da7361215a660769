import type { Target } from "./entity.ts";

/** Settings of an entity that is to be created. */
export interface CreateOptions {
  /** The dead-letter target to wire; absent: none. */
  readonly deadLetter?: Target;
  /** Deliveries after which the service dead-letters. */
  readonly maxDeliveries?: number;
  readonly leaseMs?: number;
  readonly tags?: Readonly<Record<string, string>>;
}

/** What an entity holds; absent where the service cannot tell. */
export interface EntityCounts {
  readonly ready?: number;
  readonly inFlight?: number;
  readonly delayed?: number;
  /** True where the service says that its numbers are estimates. */
  readonly approximate: boolean;
}

/** Provisioning and inspection (D12). Every method rejects with the vendor's value, read through `classify(…, "admin")`. */
export interface AdminDriver {
  /**
   * Idempotent; an entity that exists with other settings rejects ALREADY_EXISTS and changes nothing.
   * @returns what it could not do and somebody has to, such as a grant, one sentence each: told as the event `notice`
   */
  create(target: Target, options: CreateOptions, signal: AbortSignal): Promise<readonly string[] | void>;
  inspect(target: Target, signal: AbortSignal): Promise<EntityCounts>;
  list(prefix: string, signal: AbortSignal): Promise<readonly string[]>;
  purge(target: Target, signal: AbortSignal): Promise<void>;
  /** Back or forward to a moment. Absent: the service cannot. */
  seek?(target: Target, to: Date, signal: AbortSignal): Promise<void>;
  delete(target: Target, signal: AbortSignal): Promise<void>;
  /** A move done by the service; yields the number moved so far. Absent: the core moves message by message. */
  redrive?(from: Target, to: Target, signal: AbortSignal): AsyncIterable<{ readonly moved: number }>;
  close(): Promise<void>;
}
