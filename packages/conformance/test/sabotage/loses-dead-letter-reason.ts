import { withConsumer, type Saboteur } from "./saboteur.ts";

/** D10: a dead letter says why. */
export const saboteur: Saboteur = {
  name: "dead-letters without the reason",
  caughtBy: "RTRY-05",
  wrap: (adapter) =>
    withConsumer(adapter, (driver) => ({
      ...(driver.deadLetterBatch === undefined
        ? {}
        : {
            deadLetterBatch: async (items, signal) =>
              (await driver.deadLetterBatch?.(
                items.map((item) => ({ handle: item.handle, reason: "", attributes: {} })),
                signal,
              )) ?? [],
          }),
    })),
};
