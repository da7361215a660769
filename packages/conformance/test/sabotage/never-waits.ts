import { withConsumer, type Saboteur } from "./saboteur.ts";

/** D1: a receive waits for the first delivery. */
export const saboteur: Saboteur = {
  name: "answers empty at once instead of waiting",
  caughtBy: "CONS-02",
  wrap: (adapter) =>
    withConsumer(adapter, (driver) => ({
      receiveBatch: (ask, signal) => driver.receiveBatch({ ...ask, waitMs: 0 }, signal),
    })),
};
