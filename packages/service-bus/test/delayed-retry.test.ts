import { createClient, defineQueue, unchecked } from "@anyqueue/core";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serviceBus } from "../src/index.ts";
import { present } from "./open-adapter.ts";

let emulator: Emulator;

beforeAll(async () => {
  emulator = await startEmulator({ serviceBusPort: 0 });
});

afterAll(async () => {
  await emulator.close();
});

test("a retry after ten minutes, where it is allowed, is a scheduled copy with the attempts of the original", async () => {
  const url = `service-bus://emulator?endpoint=${emulator.endpoints.serviceBus ?? ""}`;
  const client = createClient(url, [serviceBus()]);
  const orders = defineQueue("orders", {
    schema: unchecked<{ readonly id: string }>(),
    emulate: ["delay"],
    retry: { attempts: 3, delay: "10m" },
  });
  await client.admin.create(orders);
  await client.producer(orders).send({ id: "o-1" }, { id: "m-1", attributes: { tenant: "acme" } });

  const attempts: number[] = [];
  const succeeded = Promise.withResolvers<void>();
  const consumer = client.consumer(orders);
  const run = consumer.run((message, { attempt }) => {
    attempts.push(attempt);
    expect(message).toMatchObject({ id: "m-1", body: { id: "o-1" }, attributes: { tenant: "acme" } });
    if (attempt < 3) throw new Error("not yet");
    succeeded.resolve();
  });
  const isScheduled = (): boolean => {
    const [queue] = emulator.serviceBus.entities();
    return present(queue).messages.length === 1 && present(queue).messages[0]?.state === "scheduled";
  };
  for (let retry = 1; retry < 3; retry += 1) {
    while (attempts.length < retry || !isScheduled()) await new Promise((resolve) => setImmediate(resolve));
    await emulator.clock.advance(601_000);
  }
  await succeeded.promise;
  expect(attempts).toEqual([1, 2, 3]);
  await client.close();
  await run;
});
