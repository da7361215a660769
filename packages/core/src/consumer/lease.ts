import type { Linked } from "../batching/linked-list.ts";
import { QueueError } from "../errors/queue-error.ts";
import type { HeldDelivery } from "./held-delivery.ts";

/** One lease at the service: of one delivery, or of all deliveries with one `leaseKey`. Times are lease times. */
export interface Lease extends Linked<Lease> {
  readonly key: string | undefined;
  readonly holders: HeldDelivery[];
  untilMs: number;
  /** Promised to a handler by `extend`; a renewal never asks for less. */
  promisedUntilMs: number;
  renewAtMs: number;
  /** The renewal that is on its way. */
  renewing: Promise<unknown> | undefined;
  /** True while a settlement is on its way: a renewal would overwrite its delay. */
  isPaused: boolean;
}

export function leaseLost(what: string): QueueError {
  return new QueueError("LEASE_LOST", { what });
}

/** With its first holder: an array that is filled later has room for sixteen more. */
export function newLease(key: string | undefined, holder: HeldDelivery): Lease {
  return {
    key,
    holders: [holder],
    untilMs: Number.POSITIVE_INFINITY,
    promisedUntilMs: Number.NEGATIVE_INFINITY,
    renewAtMs: Number.POSITIVE_INFINITY,
    renewing: undefined,
    isPaused: false,
    previous: undefined,
    next: undefined,
  };
}

/** When a lease needs attention next. */
export function dueAtMs(lease: Lease): number {
  let atMs = Number.POSITIVE_INFINITY;
  for (const held of lease.holders) atMs = Math.min(atMs, held.wakeAtMs);
  if (lease.isPaused) return atMs;
  return Math.min(
    atMs,
    lease.untilMs,
    lease.renewing === undefined ? lease.renewAtMs : Number.POSITIVE_INFINITY,
  );
}
