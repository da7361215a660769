import { withDeliveries, type Saboteur } from "./saboteur.ts";

/** D5: one delivery, one hand-over. */
export const saboteur: Saboteur = {
  name: "hands everything over twice",
  caughtBy: "PROD-01",
  wrap: (adapter) =>
    withDeliveries(adapter, (deliveries) => deliveries.flatMap((delivery) => [delivery, delivery])),
};
