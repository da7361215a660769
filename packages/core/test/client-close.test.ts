import { expect, test, vi } from "vitest";

import { createClient } from "../src/client/queue-client.ts";
import { defineQueue } from "../src/message/queue-definition.ts";
import { FakeService } from "./fake-provider.ts";

const orders = defineQueue<{ id: string }>("orders");

function bench() {
  const service = new FakeService();
  return { service, client: createClient("fake://here", [service.provider]) };
}

test("a handler that ends meanwhile still gets its producer", async () => {
  const { client, service } = bench();
  service.put("orders", { id: "o-1" });
  const started = Promise.withResolvers<void>();
  const run = client.consumer(orders).run(async () => {
    started.resolve();
    await vi.waitFor(() => expect(client.health().ready).toBe(false));
    await client.producer(defineQueue("shipments")).send({ id: "s-1" });
  });
  await started.promise;
  await client.close();
  expect(await run).toMatchObject({ handled: 1 });
  expect(service.messages("shipments")).toHaveLength(1);
  expect(() => client.producer(orders)).toThrow(expect.objectContaining({ code: "CLOSED" }));
});
