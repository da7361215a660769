import { withConsumer, type Saboteur } from "./saboteur.ts";

/** D2, D6: a failed item says so. */
export const saboteur: Saboteur = {
  name: "answers ok for settlements that failed",
  caughtBy: "SETL-07",
  wrap: (adapter) =>
    withConsumer(adapter, (driver) => ({
      ackBatch: async (handles, signal) => {
        const results = await driver.ackBatch(handles, signal);
        return results.map(() => ({ ok: true, value: undefined }));
      },
    })),
};
