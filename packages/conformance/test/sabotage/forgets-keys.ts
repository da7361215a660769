import { changed, withDeliveries, type Saboteur } from "./saboteur.ts";

/** D15: the core runs one handler per key, if it knows the key. */
export const saboteur: Saboteur = {
  name: "delivers without the ordering key",
  caughtBy: "ORDR-03",
  wrap: (adapter) =>
    withDeliveries(adapter, (deliveries) =>
      deliveries.map((delivery) => changed(delivery, {}, ["orderingKey"])),
    ),
};
