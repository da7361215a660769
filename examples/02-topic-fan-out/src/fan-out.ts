import { createClient, type QueueConsumer } from "@anyqueue/core";
import { serviceBus } from "@anyqueue/service-bus";
import { attributesOf, orders, RULES, subscriptions, type Order } from "./orders.ts";

/** The order ids that each subscription received. */
export type Received = Readonly<Record<keyof typeof subscriptions, readonly string[]>>;

const ORDERS: readonly Order[] = [
  { orderId: "o-1", country: "DE", total: 40 },
  { orderId: "o-2", country: "FR", total: 75 },
  { orderId: "o-3", country: "DE", total: 2_500 },
  { orderId: "o-4", country: "CH", total: 9_900 },
];

/** Creates topic and subscriptions, sends the orders, and reads every subscription until it is empty. */
export async function fanOut(url: string): Promise<Received> {
  const client = createClient(url, [serviceBus({ rules: RULES })]);
  try {
    // Created first, because a message reaches only the subscriptions that exist when it is sent.
    for (const subscription of Object.values(subscriptions)) await client.admin.create(subscription);
    await client.producer(orders).sendMany(ORDERS.map((body) => ({ body, attributes: attributesOf(body) })));
    const { billing, fraud, customs } = subscriptions;
    const [all, large, abroad] = await Promise.all([
      collect(client.consumer(billing)),
      collect(client.consumer(fraud)),
      collect(client.consumer(customs)),
    ]);
    return { billing: all, fraud: large, customs: abroad };
  } finally {
    await client.close();
  }
}

async function collect(consumer: QueueConsumer<Order>): Promise<readonly string[]> {
  const ids: string[] = [];
  for (;;) {
    const messages = await consumer.receive({ max: 10, wait: "1s" });
    if (messages.length === 0) return ids.toSorted();
    for (const message of messages) {
      ids.push(message.body.orderId);
      await message.ack();
    }
  }
}
