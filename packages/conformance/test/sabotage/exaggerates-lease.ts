import { changed, withDeliveries, type Saboteur } from "./saboteur.ts";

/** D14: `leaseMs` is the remaining time. */
export const saboteur: Saboteur = {
  name: "says that leases are longer than they are",
  caughtBy: "SETL-04",
  wrap: (adapter) =>
    withDeliveries(adapter, (deliveries) =>
      deliveries.map((delivery) => changed(delivery, { leaseMs: 10 * (delivery.leaseMs ?? 60_000) })),
    ),
};
