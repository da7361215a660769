import { changed, withDeliveries, type Saboteur } from "./saboteur.ts";

/** D5: the application id belongs to the application. */
export const saboteur: Saboteur = {
  name: "puts the provider id in the place of the application id",
  caughtBy: "PROD-10",
  wrap: (adapter) =>
    withDeliveries(adapter, (deliveries) =>
      deliveries.map((delivery) => changed(delivery, { id: delivery.providerId })),
    ),
};
