import { createClient, defineQueue } from "@anyqueue/core";
import { memory } from "@anyqueue/memory";
import { expect, test } from "vitest";

const NAME = "putThereByAnOldLibrary";
const PROTOTYPES = [Object.prototype, Array.prototype];

/** Not even the assertions expect such a name. */
async function withName<Result>(work: () => Promise<Result>): Promise<Result> {
  for (const prototype of PROTOTYPES)
    Object.defineProperty(prototype, NAME, { value: () => {}, enumerable: true, configurable: true });
  try {
    return await work();
  } finally {
    for (const prototype of PROTOTYPES) Reflect.deleteProperty(prototype, NAME);
  }
}

test("names that others put on the prototypes are no options, no attributes and no part of a body", async () => {
  const orders = defineQueue<{ items: readonly { sku: string }[] }>("orders");
  await using client = createClient("memory:", [memory()]);
  const body = { items: [{ sku: "a" }] };
  const attributes = { tenant: "acme" };
  const received = await withName(async () => {
    await client.producer(orders).send(body, { attributes });
    await client.producer(orders).sendMany([{ body, attributes }]);
    const messages = await client.consumer(orders).receive({ max: 2 });
    for (const message of messages) await message.ack();
    return messages;
  });
  expect(received.map((message) => [message.body, message.attributes])).toEqual([
    [body, attributes],
    [body, attributes],
  ]);
});
