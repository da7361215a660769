import type { ItemResult, QueueAdapter } from "@anyqueue/core/adapter";
import { isQueueError } from "@anyqueue/core";
import { passing, withConsumer } from "../sabotage/saboteur.ts";

/**
 * A service that silently accepts settlements and renewals of an expired lease, as Pub/Sub does.
 *
 * @param forgetsEach it forgets one of this many renewals, but reports it as done
 */
export function mute(adapter: QueueAdapter, forgetsEach: number = Number.POSITIVE_INFINITY): QueueAdapter {
  let renewals = 0;
  const taking = withConsumer(adapter, (driver) => ({
    ackBatch: async (handles, signal) => (await driver.ackBatch(handles, signal)).map(unsaid),
    releaseBatch: async (items, signal) => (await driver.releaseBatch(items, signal)).map(unsaid),
    extendBatch: async (items, signal) => {
      renewals += 1;
      if (renewals % forgetsEach === 0) return items.map(({ leaseMs }) => ({ ok: true, value: { leaseMs } }));
      const results = (await driver.extendBatch?.(items, signal)) ?? [];
      return results.map((result, at) =>
        isLost(result) ? { ok: true, value: { leaseMs: items[at]?.leaseMs ?? 0 } } : result,
      );
    },
  }));
  return {
    ...passing(taking),
    resolve: (ref) => {
      const target = adapter.resolve(ref);
      return { ...target, capabilities: { ...target.capabilities, settle: "accepted" } };
    },
  };
}

function unsaid(result: ItemResult): ItemResult {
  return isLost(result) ? { ok: true, value: undefined } : result;
}

function isLost(result: ItemResult<unknown>): boolean {
  return !result.ok && isQueueError(result.error) && result.error.code === "LEASE_LOST";
}
