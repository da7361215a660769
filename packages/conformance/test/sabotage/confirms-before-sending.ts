import { withProducer, type Saboteur } from "./saboteur.ts";

/** D2: an answer is the truth. */
export const saboteur: Saboteur = {
  name: "confirms before the service did",
  caughtBy: "ERRS-01",
  wrap: (adapter) =>
    withProducer(adapter, (driver) => ({
      open: async () => undefined,
      sendBatch: async (messages, signal) => {
        driver.sendBatch(messages, signal).catch(() => undefined);
        return messages.map((_, index) => ({ ok: true, value: { providerId: `early-${index}` } }));
      },
    })),
};
