import { defineTopic } from "@anyqueue/core";
import type { SubscriptionRule } from "@anyqueue/service-bus";
import { z } from "zod";

const schema = z.object({ orderId: z.string(), country: z.string(), total: z.number() });

export type Order = z.infer<typeof schema>;

/** Everyone who needs the orders reads a subscription of this topic. */
export const orders = defineTopic("orders", { schema });

export const subscriptions = {
  billing: orders.subscription("billing"),
  fraud: orders.subscription("fraud", { retry: { attempts: 3 } }),
  customs: orders.subscription("customs"),
} as const;

/** The attributes by which the service filters, because it does not read bodies. */
export function attributesOf({ country, total }: Order): Readonly<Record<string, string>> {
  return { country, size: total >= 1_000 ? "large" : "small" };
}

/** The rules of each subscription. `billing` has none and gets everything. */
export const RULES: Readonly<Record<string, readonly SubscriptionRule[]>> = {
  "orders/fraud": [{ name: "large", correlation: { applicationProperties: { size: "large" } } }],
  "orders/customs": [{ name: "abroad", sql: "country <> 'DE'", action: "SET declaration = 'needed'" }],
};
