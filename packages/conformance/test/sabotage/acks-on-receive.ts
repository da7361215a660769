import { withConsumer, type Saboteur } from "./saboteur.ts";

/** D3: auto-settle is off. */
export const saboteur: Saboteur = {
  name: "acks what it receives",
  caughtBy: "SETL-04",
  wrap: (adapter) =>
    withConsumer(adapter, (driver) => ({
      receiveBatch: async (ask, signal) => {
        const deliveries = await driver.receiveBatch(ask, signal);
        await driver.ackBatch(
          deliveries.map(({ handle }) => handle),
          signal,
        );
        return deliveries;
      },
    })),
};
