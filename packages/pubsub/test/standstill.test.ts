import type { QueueAdapter } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { consumerOptions, never, openAdapter, queue } from "./open-adapter.ts";
import { ScriptedServer, stored } from "./scripted-server.ts";

const ASK = { maxItems: 10, waitMs: 20_000 };

let server: ScriptedServer;
let adapter: QueueAdapter;

beforeEach(async () => {
  server = await ScriptedServer.start();
});

afterEach(async () => {
  await adapter.close();
  server.close();
});

test("what a standstill left unread has that much less of its lease, and what comes later has all of it", async () => {
  const clock = createVirtualClock();
  adapter = openAdapter(server.endpoint, { clock });
  const consumer = adapter.openConsumer(queue(adapter), consumerOptions({ leaseMs: 20_000 }));
  await consumer.open?.(never);
  clock.stall(12_000);
  const asked = consumer.receiveBatch(ASK, never);
  server.stream(0).send({ receivedMessages: [stored("1", "a")] });
  expect((await asked).map(({ leaseMs }) => leaseMs)).toEqual([8_000]);
  await clock.advance(2_000);
  const again = consumer.receiveBatch(ASK, never);
  server.stream(0).send({ receivedMessages: [stored("2", "b")] });
  expect((await again).map(({ leaseMs }) => leaseMs)).toEqual([20_000]);
  await consumer.close();
});
