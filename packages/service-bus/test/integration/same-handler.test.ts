import { createClient, deadLetters, defineQueue, type QueueDefinition } from "@anyqueue/core";
import { createVirtualClock } from "@anyqueue/core/testing";
import { createHandler } from "@anyqueue/serverless";
import { describe, expect, test } from "vitest";
import {
  onOrder,
  orders,
  unorderedOrders,
  type Order,
} from "../../../serverless/test/one-handler/order-handler.ts";
import {
  asMemoryWorker,
  DEAD,
  runWorker,
  sendAll,
  Tracer,
  type Trace,
} from "../../../serverless/test/one-handler/trace.ts";
import { functionsEvents } from "../../src/azure-functions.ts";
import { serviceBus } from "../../src/index.ts";
import { functionsBench, type FunctionsBench, type Registration } from "../functions/functions-bench.ts";

const STEP_MS = 100;

async function asServiceBusWorker(
  { url, admin }: FunctionsBench,
  definition: QueueDefinition<Order>,
  isOrdered: boolean,
): Promise<Trace> {
  const tracer = new Tracer();
  const clock = createVirtualClock();
  await admin.createQueue("orders", { lockDuration: "PT5M", requiresSession: isOrdered });
  await using client = createClient(url, [serviceBus()], { listener: tracer.listener, clock });
  await sendAll(client, definition);
  await runWorker(client, definition, tracer, async (ms) => await clock.advance(ms));
  const trace = await tracer.trace(client, deadLetters(definition), isOrdered);
  await admin.deleteQueue("orders");
  return trace;
}

async function asFunction(
  { admin, calls, client, host }: FunctionsBench,
  definition: QueueDefinition<Order>,
  isOrdered: boolean,
  registration: Omit<Registration, "queueName">,
): Promise<Trace> {
  const tracer = new Tracer();
  const clock = createVirtualClock();
  const usesCalls = registration.binding !== "sdk";
  await admin.createQueue("orders", { lockDuration: "PT5M", requiresSession: isOrdered });
  if (usesCalls) await admin.createQueue("orders-dead");
  const ours = client();
  await sendAll(ours, definition);
  const source = functionsEvents(usesCalls ? { calls: calls("orders-dead") } : {});
  const handler = createHandler(definition, source, onOrder, { listener: tracer.listener, clock });
  const registered = { queueName: "orders", isSessionsEnabled: isOrdered, ...registration };
  const until = (): boolean => {
    void clock.advance(STEP_MS);
    return tracer.isDone;
  };
  const made = await host(handler, registered, until, { concurrency: 3 });
  expect(made.length).toBeGreaterThan(0);
  const dead = usesCalls ? defineQueue("orders-dead") : deadLetters(definition);
  const trace = await tracer.trace(ours, dead, isOrdered);
  await admin.deleteQueue("orders");
  if (usesCalls) await admin.deleteQueue("orders-dead");
  return trace;
}

describe("one handler", { timeout: 60_000 }, () => {
  const bench = functionsBench();

  test("leaves the same trace as a worker in memory, as a worker on sessions, and as a function with either binding", async () => {
    const memory = await asMemoryWorker(orders, true);
    expect(memory.dead).toHaveLength(DEAD);
    expect(memory.runs["a"]).toContain("a-4 attempt 2: ack");
    expect(await asServiceBusWorker(bench(), orders, true)).toEqual(memory);
    expect(await asFunction(bench(), orders, true, { binding: "sdk", cardinality: "many" })).toEqual(memory);
    expect(await asFunction(bench(), orders, true, { binding: "binary", cardinality: "one" })).toEqual(
      memory,
    );
  });

  test("leaves the same trace as a worker in memory and on a queue, and as a function with either binding", async () => {
    const memory = await asMemoryWorker(unorderedOrders, false);
    expect(memory.dead).toHaveLength(DEAD);
    expect(await asServiceBusWorker(bench(), unorderedOrders, false)).toEqual(memory);
    expect(
      await asFunction(bench(), unorderedOrders, false, { binding: "sdk", cardinality: "many" }),
    ).toEqual(memory);
    expect(
      await asFunction(bench(), unorderedOrders, false, { binding: "text", cardinality: "one" }),
    ).toEqual(memory);
  });
});
