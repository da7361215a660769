import { withConsumer, type Saboteur } from "./saboteur.ts";

/** An ack removes the message. */
export const saboteur: Saboteur = {
  name: "says that it acked and does not",
  caughtBy: "SETL-01",
  wrap: (adapter) =>
    withConsumer(adapter, () => ({
      ackBatch: async (handles) => handles.map(() => ({ ok: true, value: undefined })),
    })),
};
