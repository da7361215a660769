import { withMessages, type Saboteur } from "./saboteur.ts";

/** D4: a feature is provided or refused, never ignored. */
export const saboteur: Saboteur = {
  name: "sends delayed messages at once",
  caughtBy: "DELY-01",
  wrap: (adapter) =>
    withMessages(adapter, (message) => {
      const { deliverAtMs: _, ...rest } = message;
      return rest;
    }),
};
