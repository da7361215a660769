import { withMessages, type Saboteur } from "./saboteur.ts";

/** D10: a body arrives unchanged. */
export const saboteur: Saboteur = {
  name: "puts a blank into empty bodies",
  caughtBy: "PROD-03",
  wrap: (adapter) =>
    withMessages(adapter, (message) =>
      message.body.byteLength > 0 ? message : { ...message, body: new TextEncoder().encode(" ") },
    ),
};
