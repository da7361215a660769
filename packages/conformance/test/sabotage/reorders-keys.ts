import { withProducer, type Saboteur } from "./saboteur.ts";

/** D2, D15: messages of one key keep the order of their sends. */
export const saboteur: Saboteur = {
  name: "stores a batch backwards",
  caughtBy: "ORDR-07",
  wrap: (adapter) =>
    withProducer(adapter, (driver) => ({
      sendBatch: async (messages, signal) =>
        (await driver.sendBatch(messages.toReversed(), signal)).toReversed(),
    })),
};
