import { defineQueue, type Handler } from "@anyqueue/core";
import { z } from "zod";
import type { PaymentProvider } from "./payment-provider.ts";

const schema = z.object({ orderId: z.string(), cents: z.number() });

export type Order = z.infer<typeof schema>;

export const orders = defineQueue("orders", { schema, retry: { attempts: 5 } });

/** The handler of this example. The worker and the function both run it. */
export function chargeOrder(
  payments: PaymentProvider,
  onCharged: (orderId: string, waitedMs: number) => void,
): Handler<Order> {
  return async ({ body, enqueuedAt }) => {
    await payments.charge(body.cents);
    const arrivedAtMs = enqueuedAt?.getTime() ?? Date.now();
    onCharged(body.orderId, Math.max(0, Date.now() - arrivedAtMs));
  };
}
