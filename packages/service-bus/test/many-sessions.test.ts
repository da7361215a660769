import { createClient, defineQueue, unchecked } from "@anyqueue/core";
import { expect, test } from "vitest";
import { serviceBus } from "../src/index.ts";
import { connectionString } from "./service-bus-harness.ts";
import { useSharedEmulator } from "./shared-emulator.ts";

const shared = useSharedEmulator();

// A request holds one session. With four at a time and a round trip of 30 ms, a send of 5,000 keys lost 3,188 to TIMEOUT.
test("messages of twenty sessions are under way at once", async () => {
  const name = await shared.createQueue({ requiresSession: true });
  const orders = defineQueue(name, { schema: unchecked<string>(), orderingKey: (id) => id });
  const client = shared.keep(
    createClient("service-bus:", [serviceBus({ connectionString: connectionString(shared.endpoint) })]),
  );
  const producer = client.producer(orders);
  await producer.send("first");
  shared.emulator.faults.add({
    protocol: "service-bus",
    operation: "send",
    queue: name,
    count: 20,
    action: { kind: "hold" },
  });
  const stop = new AbortController();
  const { signal } = stop;
  const sent = producer.sendMany(Array.from({ length: 20 }, (_, nth) => ({ body: `order-${nth}`, signal })));
  sent.catch(() => {});
  await expect.poll(() => shared.emulator.faults.list()[0]?.fired).toBe(20);
  stop.abort();
  await expect(sent).rejects.toMatchObject({ code: "PARTIAL_SEND" });
});
