import { createClient, defineQueue, unchecked, type QueueClient } from "@anyqueue/core";
import { startEmulator, type Emulator } from "@anyqueue/emulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serviceBus } from "../src/index.ts";
import { present, rawAdministration, until } from "./open-adapter.ts";

const LATER = { schema: unchecked<{ readonly id: string }>(), emulate: ["delay"] } as const;

let emulator: Emulator;

beforeAll(async () => {
  emulator = await startEmulator({ serviceBusPort: 0 });
});

afterAll(async () => {
  await emulator.close();
});

function newClient(): QueueClient {
  return createClient(`service-bus://emulator?endpoint=${emulator.endpoints.serviceBus ?? ""}`, [
    serviceBus(),
  ]);
}

/** The states of the messages of a queue. */
function statesIn(name: string): readonly string[] {
  const queue = emulator.serviceBus.entities().find(({ path }) => path === name);
  return present(queue).messages.map(({ state }) => state);
}

test("a retry after ten minutes, where it is allowed, is a scheduled copy with the attempts of the original", async () => {
  const client = newClient();
  const orders = defineQueue("orders", { ...LATER, retry: { attempts: 3, delay: "10m" } });
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
  const isScheduled = (): boolean => statesIn("orders").join() === "scheduled";
  for (let retry = 1; retry < 3; retry += 1) {
    while (attempts.length < retry || !isScheduled()) await new Promise((resolve) => setImmediate(resolve));
    await emulator.clock.advance(601_000);
  }
  await succeeded.promise;
  expect(attempts).toEqual([1, 2, 3]);
  await client.close();
  await run;
});

// The adapter learns this only with the right to read settings, which senders and receivers need not have.
test("such a copy is kept by a queue of which nobody could see that it detects duplicates", async () => {
  const endpoint = emulator.endpoints.serviceBus ?? "";
  await rawAdministration(endpoint).createQueue("unread", { requiresDuplicateDetection: true });
  const match = { wire: "atom" } as const;
  emulator.faults.add({ protocol: "service-bus", match, action: { kind: "unauthorized" } });
  const client = newClient();
  const unread = defineQueue("unread", { ...LATER, retry: { delay: "10m" } });
  await client.producer(unread).send({ id: "o-1" }, { id: "m-1" });
  let attempts = 0;
  const run = client.consumer(unread).run(() => {
    attempts += 1;
    throw new Error("not yet");
  });
  await until(() => attempts > 0 && !statesIn("unread").includes("locked"));
  // Dropped as a duplicate of the original, it would be lost with it.
  expect(statesIn("unread")).toEqual(["scheduled"]);
  await client.close();
  await run;
});
