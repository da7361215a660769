import type { ItemResult, QueueAdapter } from "@anyqueue/core/adapter";
import { isQueueError } from "@anyqueue/core";
import { passing, withConsumer } from "../sabotage/saboteur.ts";

/** A service that takes settlements and renewals of a lease that has run out without a word, as Pub/Sub does. */
export function mute(adapter: QueueAdapter): QueueAdapter {
  const taking = withConsumer(adapter, (driver) => ({
    ackBatch: async (handles, signal) => (await driver.ackBatch(handles, signal)).map(unsaid),
    releaseBatch: async (items, signal) => (await driver.releaseBatch(items, signal)).map(unsaid),
    extendBatch: async (items, signal) => {
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
