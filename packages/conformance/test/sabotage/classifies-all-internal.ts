import { passing, type Saboteur } from "./saboteur.ts";

/** D9: errors are classified by tables. */
export const saboteur: Saboteur = {
  name: "calls every error INTERNAL",
  caughtBy: "SETL-07",
  wrap: (adapter) => ({
    ...passing(adapter),
    classify: () => ({ code: "INTERNAL", retryable: false }),
  }),
};
