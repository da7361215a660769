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

test("a connection that throws at once keeps no other from being closed", async () => {
  const service = new FakeService();
  const { provider } = service;
  const broken = {
    scheme: "broken",
    connect: (...args: Parameters<typeof provider.connect>) => ({
      ...provider.connect(...args),
      close: () => {
        throw new Error("socket stuck, SharedAccessKey=s3cret");
      },
    }),
  };
  const config = { url: "broken://there", queues: { orders: { url: "fake://here" } } };
  const client = createClient(config, [provider, broken]);
  client.producer(orders);
  const error: unknown = await client.close().catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: "INTERNAL", message: expect.not.stringContaining("s3cret") });
  expect(service.log.at(-1)).toBe("close here");
});

test("an administration that is being loaded is closed as well", async () => {
  const { service, client } = bench();
  const inspected = client.admin.inspect(orders).catch(() => {});
  await client.close();
  await inspected;
  expect(service.log).toContain("close admin");
});
