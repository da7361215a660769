import { withProducer, type Saboteur } from "./saboteur.ts";

/** D7: attributes count. */
export const saboteur: Saboteur = {
  name: "counts bodies without attributes",
  caughtBy: "LARG-02",
  wrap: (adapter) =>
    withProducer(adapter, (driver) => ({
      sizeOf: (message) => driver.sizeOf({ ...message, attributes: {} }),
    })),
};
