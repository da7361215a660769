import { withConsumer, type Saboteur } from "./saboteur.ts";

/** D6: a lost lease is an outcome, not a throw. */
export const saboteur: Saboteur = {
  name: "throws for the whole batch when one settlement fails",
  caughtBy: "SETL-07",
  wrap: (adapter) =>
    withConsumer(adapter, (driver) => ({
      ackBatch: async (handles, signal) => {
        const results = await driver.ackBatch(handles, signal);
        for (const result of results) if (!result.ok) throw result.error;
        return results;
      },
    })),
};
