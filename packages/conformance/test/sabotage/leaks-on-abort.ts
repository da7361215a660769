import { withConsumer, type Saboteur } from "./saboteur.ts";

/** D1: messages that arrive after an abort are given back. */
export const saboteur: Saboteur = {
  name: "keeps what an aborted ask receives later",
  caughtBy: "CONS-14",
  wrap: (adapter) =>
    withConsumer(adapter, (driver) => ({
      receiveBatch: async (ask, signal) => {
        const never = new AbortController();
        const received = driver.receiveBatch(ask, never.signal);
        const aborted = new Promise<readonly never[]>((resolve) => {
          if (signal.aborted) resolve([]);
          signal.addEventListener("abort", () => resolve([]), { once: true });
        });
        return await Promise.race([received, aborted]);
      },
    })),
};
