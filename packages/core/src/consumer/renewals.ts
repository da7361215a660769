import { createBatcher, type Batcher } from "../batching/batcher.ts";
import type { ItemResult } from "../driver/driver.ts";
import type { LeaseKeeperOptions } from "./lease-keeper.ts";
import type { QueueError } from "../errors/queue-error.ts";
import { asRecord } from "../errors/check-options.ts";
import { leaseLost, type Lease } from "./lease.ts";
import { resultsOfAlive } from "./results-of-alive.ts";

/** A lease to renew. */
export interface Renewal {
  readonly lease: Lease;
  readonly leaseMs: number;
  /** -Infinity until it goes out. */
  sentAtMs: number;
  /** The handle that was sent for it. */
  handle: unknown;
  /** Resolves with its error, or with undefined. Never rejects. */
  ended: Promise<QueueError | undefined> | undefined;
}

export function isOut({ sentAtMs }: Renewal): boolean {
  return sentAtMs > -Infinity;
}

type Parts = Pick<LeaseKeeperOptions, "driver" | "capabilities" | "limits" | "clock" | "cutOff" | "time">;
type Renewed = ItemResult<{ readonly leaseMs: number }>;

/** Creates the batcher that sends renewals. Undefined: leases are not renewed here. */
export function createRenewals(parts: Parts): Batcher<Renewal, { readonly leaseMs: number }> | undefined {
  const { driver, capabilities, limits, clock } = parts;
  const isTimed = capabilities.lease === "timed" || capabilities.lease === "shared";
  if (!isTimed || driver.extendBatch === undefined) return undefined;
  return createBatcher<Renewal, { readonly leaseMs: number }>({
    ...limits.extend,
    clock,
    run: async (renewals) => await request(parts, renewals),
  });
}

/** Sends one request. Leases that were lost or settled while their renewals waited are left out. */
async function request(parts: Parts, renewals: readonly Renewal[]): Promise<readonly Renewed[]> {
  const sentAtMs = parts.time.read();
  return await resultsOfAlive<Renewal, { readonly leaseMs: number }>(
    parts,
    "extend",
    renewals,
    ({ lease }) => lease.holders.length > 0 && lease.pause === undefined,
    () => ({ ok: false, error: leaseLost("the lease ended before it could be renewed") }),
    async (held, signal) => {
      const items = held.map((renewal) => {
        renewal.sentAtMs = sentAtMs;
        renewal.handle = renewal.lease.holders[0]?.handle;
        return { handle: renewal.handle, leaseMs: renewal.leaseMs };
      });
      return (await parts.driver.extendBatch?.(items, signal)) ?? [];
    },
    isLease,
  );
}

/** A lease of NaN would never end, and wake its keeper without a pause. */
function isLease(value: unknown): boolean {
  const { leaseMs } = asRecord(value);
  return typeof leaseMs === "number" && leaseMs >= 0;
}
