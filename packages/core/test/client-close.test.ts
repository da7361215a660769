import { expect, test, vi } from "vitest";

import { createClient } from "../src/client/queue-client.ts";
import { runWorker } from "../src/client/run-worker.ts";
import { isQueueError } from "../src/errors/queue-error.ts";
import { defineQueue } from "../src/message/queue-definition.ts";
import type { Delivery } from "../src/driver/delivery.ts";
import { delivery } from "../src/testing.ts";
import { FakeServiceError } from "./fake-adapter.ts";
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

test("a consumer whose run failed is let go at once, and counts in the report like every other", async () => {
  const answers: (() => readonly Delivery<string>[])[] = [];
  const service = new FakeService({
    consumer: {
      receiveBatch: async () => {
        const answer = answers.shift();
        if (answer === undefined) throw new FakeServiceError({ code: "NOT_FOUND", retryable: false });
        return answer();
      },
    },
  });
  const client = createClient("fake://here", [service.provider]);
  const failing = client.consumer(orders);
  const asked = vi.spyOn(failing, "health");
  for (const id of ["o-1", "o-2"]) {
    answers.push(() => [delivery(id, { id, providerId: id })]);
    await expect(failing.run(() => {})).rejects.toMatchObject({ code: "NOT_FOUND" });
  }
  // A supervisor that makes a consumer for each restart would fill the memory of its process.
  client.health();
  expect(asked).not.toHaveBeenCalled();
  const closed = client.consumer(orders);
  answers.push(() => [delivery("o-3", { id: "o-3", providerId: "o-3" })]);
  await closed.receive();
  expect(await closed.close()).toMatchObject({ released: 1 });
  expect(await client.close()).toEqual({ handled: 2, released: 1, unsettled: 0, abandoned: 0 });
});

test("after it, everything of the client is refused with CLOSED, whenever it was made", async () => {
  const { client } = bench();
  const consumer = client.consumer(orders);
  const producer = client.producer(orders);
  const closing = client.close();
  const uses: Record<string, () => unknown> = {
    consumer: () => client.consumer(orders),
    run: () => consumer.run(() => undefined),
    runBatch: () => consumer.runBatch(async () => {}),
    receive: () => consumer.receive(),
    iterator: () => consumer[Symbol.asyncIterator](),
    worker: () => runWorker(client, [consumer.run(() => undefined)], { process: PROCESS }),
    verify: () => client.verify(orders),
    create: () => client.admin.create(orders),
    inspect: () => client.admin.inspect(orders),
    list: () => client.admin.list(),
    redrive: () => client.admin.redrive(orders),
  };
  expect(await codesOf(uses)).toEqual(Object.fromEntries(Object.keys(uses).map((name) => [name, "CLOSED"])));
  await closing;
  const all = {
    ...uses,
    producer: () => client.producer(orders),
    send: () => producer.send({ id: "o-1" }),
    sendMany: () => producer.sendMany([{ body: { id: "o-1" } }]),
  };
  expect(await codesOf(all)).toEqual(Object.fromEntries(Object.keys(all).map((name) => [name, "CLOSED"])));
});

const PROCESS = { on: () => {}, off: () => {}, exit: () => {} };

async function codesOf(uses: Readonly<Record<string, () => unknown>>): Promise<Record<string, unknown>> {
  const codes = Object.entries(uses).map(async ([name, use]) => {
    const error: unknown = await (async () => await use())().catch((caught: unknown) => caught);
    return [name, isQueueError(error) ? error.code : error] as const;
  });
  return Object.fromEntries(await Promise.all(codes));
}
