import type { Linked } from "../batching/linked-list.ts";
import { QueueError } from "../errors/queue-error.ts";
import { whatOf } from "../errors/wrap-error.ts";
import type { HeldDelivery } from "./held-delivery.ts";
import type { Renewal } from "./renewals.ts";

/** One lease at the service, of one delivery or of all with one `leaseKey`. Times are lease times. */
export interface Lease extends Linked<Lease> {
  /** Undefined: a lease of one delivery. That delivery is the lease, to save an object per message. */
  readonly leaseKey: string | undefined;
  readonly holders: readonly HeldDelivery[];
  untilMs: number;
  /** Promised to a handler by `extend`; a renewal never asks for less. */
  promisedUntilMs: number | undefined;
  renewAtMs: number;
  /** The renewal in flight, or on its way there. */
  renewing: Renewal | undefined;
  /** Set while a settlement is out: a renewal would overwrite its delay. `overdue`: one was due since. */
  pause: LeasePause | undefined;
}

export type LeasePause = "settling" | "overdue";

/** `cause`: why it could not be renewed, which also says what to do. */
export function leaseLost(what: string, cause?: QueueError): QueueError {
  if (cause === undefined) return new QueueError("LEASE_LOST", { what });
  const { code, remedy } = cause;
  return new QueueError("LEASE_LOST", { what: `${what}: ${code}: ${whatOf(cause)}`, remedy, cause });
}

/** A lease that may have many holders: that of a session. */
export class SharedLease implements Lease {
  readonly leaseKey: string;
  readonly holders: HeldDelivery[] = [];
  untilMs: number = Infinity;
  promisedUntilMs: number | undefined;
  renewAtMs: number = Infinity;
  renewing: Renewal | undefined;
  pause: LeasePause | undefined;
  previous: Lease | undefined;
  next: Lease | undefined;

  constructor(leaseKey: string) {
    this.leaseKey = leaseKey;
  }

  leave(holder: HeldDelivery): void {
    const index = this.holders.indexOf(holder);
    if (index !== -1) this.holders.splice(index, 1);
  }
}

/** When a lease needs attention next. */
export function dueAtMs(lease: Lease): number {
  let atMs = Infinity;
  for (const held of lease.holders) atMs = Math.min(atMs, held.wakeAtMs);
  if (lease.pause === "overdue") return atMs;
  return Math.min(atMs, lease.untilMs, lease.renewing === undefined ? lease.renewAtMs : Infinity);
}
