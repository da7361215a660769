import { withMessages, type Saboteur } from "./saboteur.ts";

/** D4: a feature is provided or refused, never ignored. */
export const saboteur: Saboteur = {
  name: "delivers what has expired",
  caughtBy: "PROD-11",
  wrap: (adapter) =>
    withMessages(adapter, (message) => {
      const { ttlMs: _, ...rest } = message;
      return rest;
    }),
};
