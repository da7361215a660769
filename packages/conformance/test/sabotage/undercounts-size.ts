import { withProducer, type Saboteur } from "./saboteur.ts";

/** D7: sizeOf never under-counts. */
export const saboteur: Saboteur = {
  name: "counts no bytes",
  caughtBy: "ERRS-04",
  wrap: (adapter) => withProducer(adapter, () => ({ sizeOf: () => 0 })),
};
