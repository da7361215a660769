import { withConsumer, type Saboteur } from "./saboteur.ts";

/** D1: an aborted receive resolves. */
export const saboteur: Saboteur = {
  name: "waits on when an ask is aborted",
  caughtBy: "CONS-14",
  wrap: (adapter) =>
    withConsumer(adapter, (driver) => ({
      receiveBatch: (ask) => driver.receiveBatch(ask, new AbortController().signal),
    })),
};
