import { withMessages, type Saboteur } from "./saboteur.ts";

/** D10: a body is bytes. */
export const saboteur: Saboteur = {
  name: "treats bodies as text",
  caughtBy: "HDRS-06",
  wrap: (adapter) =>
    withMessages(adapter, (message) => ({
      ...message,
      body: new TextEncoder().encode(new TextDecoder().decode(message.body)),
    })),
};
