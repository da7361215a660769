import { withConsumer, type Saboteur } from "./saboteur.ts";

/** A release gives the message back. */
export const saboteur: Saboteur = {
  name: "says that it released and does not",
  caughtBy: "SETL-02",
  wrap: (adapter) =>
    withConsumer(adapter, () => ({
      releaseBatch: async (items) => items.map(() => ({ ok: true, value: undefined })),
    })),
};
