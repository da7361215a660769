import { createBatcher, type Batcher } from "../batching/batcher.ts";
import type { ItemResult } from "../driver/driver.ts";
import type { LeaseKeeperOptions } from "./lease-keeper.ts";
import { asRecord } from "../errors/check-options.ts";
import { leaseLost, type Lease } from "./lease.ts";
import { resultsOfAlive } from "./results-of-alive.ts";
import { timedRequest } from "./timed-request.ts";

/** A lease to renew. */
export interface Renewal {
  readonly lease: Lease;
  readonly leaseMs: number;
  sentAtMs: number;
  /** The handle that was sent for it. */
  handle: unknown;
}

type Parts = Pick<LeaseKeeperOptions, "driver" | "capabilities" | "limits" | "clock" | "cutOff" | "time">;
type Renewed = ItemResult<{ readonly leaseMs: number }>;

const REQUEST_TIMEOUT_MS = 15_000;

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

/** Sends one request. A lease that was lost while its renewal waited has no handle any more. */
async function request(
  { driver, clock, cutOff, time }: Parts,
  renewals: readonly Renewal[],
): Promise<readonly Renewed[]> {
  const sentAtMs = time.read();
  const gone = (): Renewed => ({
    ok: false,
    error: leaseLost("the lease ended before it could be renewed"),
  });
  const isHeld = ({ lease }: Renewal): boolean => lease.holders.length > 0;
  return await resultsOfAlive(
    "extend",
    renewals,
    isHeld,
    gone,
    async (held) => {
      const items = held.map((renewal) => {
        renewal.sentAtMs = sentAtMs;
        renewal.handle = renewal.lease.holders[0]?.handle;
        return { handle: renewal.handle, leaseMs: renewal.leaseMs };
      });
      const extend = async (signal: AbortSignal): Promise<readonly Renewed[]> =>
        (await driver.extendBatch?.(items, signal)) ?? [];
      return await timedRequest(clock, "extend", REQUEST_TIMEOUT_MS, extend, cutOff);
    },
    isLease,
  );
}

/** A lease of NaN would never end, and wake its keeper without a pause. */
function isLease(value: unknown): boolean {
  const { leaseMs } = asRecord(value);
  return typeof leaseMs === "number" && leaseMs >= 0;
}
