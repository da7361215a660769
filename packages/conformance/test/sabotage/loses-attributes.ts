import { withMessages, type Saboteur } from "./saboteur.ts";

/** D10: everything that a message carries is delivered. */
export const saboteur: Saboteur = {
  name: "loses the attributes",
  caughtBy: "CONS-01",
  wrap: (adapter) => withMessages(adapter, (message) => ({ ...message, attributes: {} })),
};
