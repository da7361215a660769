import { withProducer, type Saboteur } from "./saboteur.ts";

/** D2: there are as many answers as questions. */
export const saboteur: Saboteur = {
  name: "drops the last result of a batch",
  caughtBy: "BTCH-01",
  wrap: (adapter) =>
    withProducer(adapter, (driver) => ({
      sendBatch: async (messages, signal) => (await driver.sendBatch(messages, signal)).slice(0, -1),
    })),
};
