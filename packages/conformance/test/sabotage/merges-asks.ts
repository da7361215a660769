import { withConsumer, type Saboteur } from "./saboteur.ts";

/** D1: the core decides how many receives are outstanding. */
export const saboteur: Saboteur = {
  name: "gives more than was asked for",
  caughtBy: "CONS-13",
  wrap: (adapter) =>
    withConsumer(adapter, (driver) => ({
      receiveBatch: (ask, signal) => driver.receiveBatch({ ...ask, maxItems: ask.maxItems + 1 }, signal),
    })),
};
