import { expect, test } from "vitest";
import { createClient } from "../src/client/queue-client.ts";
import type { QueueAdapter } from "../src/driver/driver.ts";
import { defineQueue } from "../src/message/queue-definition.ts";
import { createVirtualClock } from "../src/testing.ts";
import { movedBy } from "./admin-bench.ts";
import { FakeService } from "./fake-provider.ts";

const orders = defineQueue("orders");

/** A client of the fake service whose adapter is changed. */
function changed(change: (adapter: QueueAdapter) => Partial<QueueAdapter>) {
  const service = new FakeService();
  const clock = createVirtualClock();
  const { provider } = service;
  const connect = (...args: Parameters<typeof provider.connect>): QueueAdapter => {
    const adapter = provider.connect(...args);
    return { ...adapter, ...change(adapter) };
  };
  const client = createClient("fake://here", [{ scheme: "fake", connect }], { clock });
  return { service, clock, client };
}

test("an administration that could not be loaded once is loaded by the next call", async () => {
  let loads = 0;
  const { client } = changed(({ admin }) => ({
    admin: async () => {
      loads += 1;
      if (loads === 1 || admin === undefined) throw new Error("EMFILE: too many open files");
      return await admin();
    },
  }));
  await expect(client.admin.list()).rejects.toThrow("EMFILE");
  expect(await client.admin.list()).toEqual([]);
  await client.admin.list();
  expect(loads).toBe(2);
  await client.close();
});

test("a redrive does not wait for a driver that does not close", async () => {
  const { client, service, clock } = changed((adapter) => ({
    openProducer: (target) => ({
      ...adapter.openProducer(target),
      close: async () => await new Promise(() => {}),
    }),
  }));
  service.put("orders-dead", { id: "m" });
  let counts: number[] | undefined;
  void movedBy(client.admin, orders).then((moved) => (counts = moved));
  await clock.advance("1m");
  expect(counts).toEqual([1]);
});
