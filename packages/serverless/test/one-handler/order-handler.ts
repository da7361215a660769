// One handler in one module: the test runs it as a worker and as a function, as an application would.

import { DeadLetterError, defineQueue, RetryError, unchecked, type Handler } from "@anyqueue/core";

export interface Order {
  readonly customer: string;
  readonly number: number;
  /** What happens to the order. */
  readonly fate: "fine" | "fails-once" | "retries-later" | "always-fails" | "refused";
}

export const orders = defineQueue("orders", {
  schema: unchecked<Order>(),
  orderingKey: ({ customer }: Order) => customer,
  id: ({ customer, number }: Order) => `${customer}-${number}`,
  retry: { attempts: 3, delay: "2s" },
});

/** The same orders for a queue without ordering. */
export const unorderedOrders = defineQueue("orders", {
  schema: unchecked<Order>(),
  id: ({ customer, number }: Order) => `${customer}-${number}`,
  retry: { attempts: 3, delay: "2s" },
});

export const onOrder: Handler<Order> = ({ body }, { attempt }) => {
  if (body.fate === "refused") throw new DeadLetterError("no such customer");
  if (body.fate === "always-fails") throw new Error("down");
  if (body.fate === "fails-once" && attempt === 1) throw new Error("down");
  if (body.fate === "retries-later" && attempt === 1) throw new RetryError({ delay: "9s" });
};
