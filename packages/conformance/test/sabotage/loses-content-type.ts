import { changed, withDeliveries, type Saboteur } from "./saboteur.ts";

/** D10: everything that a message carries is delivered. */
export const saboteur: Saboteur = {
  name: "loses the content type",
  caughtBy: "HDRS-08",
  wrap: (adapter) =>
    withDeliveries(adapter, (deliveries) =>
      deliveries.map((delivery) => changed(delivery, {}, ["contentType"])),
    ),
};
