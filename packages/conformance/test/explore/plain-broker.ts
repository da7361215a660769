import type { ConsumerDriver, QueueAdapter } from "@anyqueue/core/adapter";
import { passing } from "../sabotage/saboteur.ts";

/** A service without delays, lives and dead letters of its own, so that the engine does all of it. */
export function plain(adapter: QueueAdapter): QueueAdapter {
  return {
    ...passing(adapter),
    resolve: (ref) => {
      const target = adapter.resolve(ref);
      const { capabilities } = target;
      return {
        ...target,
        capabilities: {
          ...capabilities,
          sendDelay: "none",
          releaseDelay: "none",
          deadLetter: "none",
          ttl: false,
        },
      };
    },
    openConsumer: (target, options) => {
      const driver = adapter.openConsumer(target, options);
      const { deadLetterBatch: _, ...rest } = bound(driver);
      return rest;
    },
  };
}

function bound(driver: ConsumerDriver<unknown>): ConsumerDriver<unknown> {
  return {
    open: async (signal) => await driver.open?.(signal),
    receiveBatch: (ask, signal) => driver.receiveBatch(ask, signal),
    ackBatch: (handles, signal) => driver.ackBatch(handles, signal),
    releaseBatch: (items, signal) => driver.releaseBatch(items, signal),
    extendBatch: async (items, signal) => (await driver.extendBatch?.(items, signal)) ?? [],
    close: () => driver.close(),
  };
}
