import { changed, withDeliveries, type Saboteur } from "./saboteur.ts";

/** The delivery count grows. */
export const saboteur: Saboteur = {
  name: "says for every delivery that it is the first",
  caughtBy: "RTRY-02",
  wrap: (adapter) =>
    withDeliveries(adapter, (deliveries) =>
      deliveries.map((delivery) => changed(delivery, { deliveryCount: 1 })),
    ),
};
