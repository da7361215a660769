import { createClient, defineQueue, unchecked } from "@anyqueue/core";
import { expect, test } from "vitest";
import { pubsub } from "../src/index.ts";
import { ScriptedServer } from "./scripted-server.ts";

const orders = defineQueue("orders", {
  schema: unchecked<string>(),
  orderingKey: (id) => id,
  deadLetter: "none",
  retry: { attempts: "unlimited" },
});

// A request holds one key. With eight at a time and a round trip of 30 ms, a send of 6,000 keys lost 2,704 to TIMEOUT.
test("messages of fifty keys are under way at once", async () => {
  const server = await ScriptedServer.start();
  const client = createClient(`pubsub://p?endpoint=${server.endpoint}`, [pubsub()]);
  const { promise, resolve } = Promise.withResolvers<undefined>();
  server.answer("Publish", async () => await promise);
  const sent = client
    .producer(orders)
    .sendMany(Array.from({ length: 50 }, (_, nth) => ({ body: `order-${nth}` })));
  await expect.poll(() => server.count("Publish")).toBe(50);
  resolve(undefined);
  expect(await sent).toHaveLength(50);
  await client.close();
  server.close();
});
