import { withProducer, type Saboteur } from "./saboteur.ts";

/** D4: capabilities are true. */
export const saboteur: Saboteur = {
  name: "claims to cancel and cannot",
  caughtBy: "CAPA-01",
  wrap: (adapter) => ({
    ...withProducer(adapter, () => ({})),
    resolve(ref) {
      const target = adapter.resolve(ref);
      return { ...target, capabilities: { ...target.capabilities, cancel: false } };
    },
  }),
};
