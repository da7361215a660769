import { withConsumer, type Saboteur } from "./saboteur.ts";

/** D4: delayMs is kept. */
export const saboteur: Saboteur = {
  name: "releases at once whatever the delay",
  caughtBy: "SETL-03",
  wrap: (adapter) =>
    withConsumer(adapter, (driver) => ({
      releaseBatch: (items, signal) =>
        driver.releaseBatch(
          items.map((item) => ({ ...item, delayMs: 0 })),
          signal,
        ),
    })),
};
