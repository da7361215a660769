import { withMessages, type Saboteur } from "./saboteur.ts";

/** D4: a claimed window works. */
export const saboteur: Saboteur = {
  name: "stores what was sent before",
  caughtBy: "DEDU-01",
  wrap: (adapter) => {
    let sends = 0;
    return withMessages(adapter, (message) => ({ ...message, deduplicationId: `${(sends += 1)}` }));
  },
};
