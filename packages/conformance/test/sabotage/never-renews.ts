import { withConsumer, type Saboteur } from "./saboteur.ts";

/** D4: extendBatch extends. */
export const saboteur: Saboteur = {
  name: "says that it renewed and does not",
  caughtBy: "LEAS-01",
  wrap: (adapter) =>
    withConsumer(adapter, () => ({
      extendBatch: async (items) => items.map(({ leaseMs }) => ({ ok: true, value: { leaseMs } })),
    })),
};
