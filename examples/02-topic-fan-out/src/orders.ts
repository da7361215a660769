import { defineTopic } from "@anyqueue/core";
import type { SubscriptionRule } from "@anyqueue/service-bus";
import { z } from "zod";

const schema = z.object({ orderId: z.string(), country: z.string(), total: z.number() });

export type Order = z.infer<typeof schema>;

/** Everybody who cares about orders reads a subscription of this topic. */
export const orders = defineTopic("orders", { schema });

export const subscriptions = {
  billing: orders.subscription("billing"),
  fraud: orders.subscription("fraud", { retry: { attempts: 3 } }),
  customs: orders.subscription("customs"),
} as const;

/** What the service itself filters by: attributes, because it does not look into bodies. */
export function attributesOf({ country, total }: Order): Readonly<Record<string, string>> {
  return { country, size: total >= 1_000 ? "large" : "small" };
}

/** Each subscription's own rules; `billing` has none and gets everything. */
export const RULES: Readonly<Record<string, readonly SubscriptionRule[]>> = {
  "orders/fraud": [{ name: "large", correlation: { applicationProperties: { size: "large" } } }],
  "orders/customs": [{ name: "abroad", sql: "country <> 'DE'", action: "SET declaration = 'needed'" }],
};
