import { changed, withDeliveries, type Saboteur } from "./saboteur.ts";

/** The delivery count is 1 on the first delivery. */
export const saboteur: Saboteur = {
  name: "counts deliveries from 0",
  caughtBy: "CONS-12",
  wrap: (adapter) =>
    withDeliveries(adapter, (deliveries) =>
      deliveries.map((delivery) => changed(delivery, { deliveryCount: (delivery.deliveryCount ?? 1) - 1 })),
    ),
};
