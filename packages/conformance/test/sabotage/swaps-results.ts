import { withProducer, type Saboteur } from "./saboteur.ts";

/** D2: the answers are in the order of the questions. */
export const saboteur: Saboteur = {
  name: "swaps the order of results",
  caughtBy: "BTCH-01",
  wrap: (adapter) =>
    withProducer(adapter, (driver) => ({
      sendBatch: async (messages, signal) => (await driver.sendBatch(messages, signal)).toReversed(),
    })),
};
