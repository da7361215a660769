import {
  createClient,
  deadLetters,
  defineQueue,
  type EventListener,
  type QueueDefinition,
} from "@anyqueue/core";
import { createVirtualClock, type VirtualClock } from "@anyqueue/core/testing";
import { testQueues } from "@anyqueue/memory";
import { createHandler } from "@anyqueue/serverless";
import { describe, expect, test } from "vitest";
import { onOrder, orders, unorderedOrders, type Order } from "../../../sqs/test/lambda/order-handler.ts";
import { functionsEvents } from "../../src/azure-functions.ts";
import { serviceBus } from "../../src/index.ts";
import { functionsBench, type FunctionsBench, type Registration } from "../functions/functions-bench.ts";

const FATES = ["fine", "fails-once", "fine", "refused", "retries-later", "always-fails", "fine"] as const;
const SENT: readonly Order[] = ["a", "b", "c"].flatMap((customer, place) =>
  FATES.map((_, number): Order => ({
    customer,
    number,
    fate: FATES[(number + place * 2) % FATES.length] ?? "fine",
  })),
);
const STEP_MS = 100;

/** What an application sees of its messages, whatever carried them. */
interface Trace {
  /** Per ordering key: every run of the handler and what followed; in order where the queue keeps one. */
  readonly runs: Readonly<Record<string, readonly string[]>>;
  /** Ids and reasons of the dead letters. */
  readonly dead: readonly string[];
}

class Tracer {
  readonly #runs = new Map<string, string[]>();
  handled = 0;

  readonly listener: EventListener = {
    handled: ({ id, attempt, outcome }) => {
      const key = id.slice(0, 1);
      const runs = this.#runs.get(key) ?? [];
      this.#runs.set(key, runs);
      runs.push(`${id} attempt ${attempt}: ${outcome}`);
      if (outcome !== "release") this.handled += 1;
    },
  };

  trace(dead: readonly string[], isOrdered: boolean): Trace {
    const runs = [...this.#runs].map(([key, list]) => [key, isOrdered ? list : list.toSorted()] as const);
    return {
      runs: Object.fromEntries(runs.toSorted(([a], [b]) => a.localeCompare(b))),
      dead: dead.toSorted(),
    };
  }
}

type Client = Pick<Awaited<ReturnType<typeof testQueues>>["client"], "consumer">;

async function takeDead(
  client: Client,
  source: Parameters<Client["consumer"]>[0],
): Promise<readonly string[]> {
  const dead = await client.consumer(source).receive({ max: 50, wait: "1s" });
  for (const message of dead) await message.ack();
  return dead.map(({ id, deadLettered }) => `${id}: ${deadLettered?.reason} after ${deadLettered?.attempts}`);
}

async function asMemoryWorker(definition: QueueDefinition<Order>, isOrdered: boolean): Promise<Trace> {
  const tracer = new Tracer();
  await using queues = await testQueues({ client: { listener: tracer.listener } });
  const consumer = queues.client.consumer(definition);
  const run = consumer.run(onOrder);
  await queues.client.producer(definition).sendMany(SENT.map((body) => ({ body })));
  while (tracer.handled < SENT.length) await queues.advance("1s");
  await consumer.close();
  await run;
  return tracer.trace(await takeDead(queues.client, deadLetters(definition)), isOrdered);
}

async function asServiceBusWorker(
  { url, admin }: FunctionsBench,
  definition: QueueDefinition<Order>,
  isOrdered: boolean,
): Promise<Trace> {
  const tracer = new Tracer();
  const clock = createVirtualClock();
  await admin.createQueue("orders", { lockDuration: "PT5M", requiresSession: isOrdered });
  await using client = createClient(url, [serviceBus()], { listener: tracer.listener, clock });
  await client.producer(definition).sendMany(SENT.map((body) => ({ body })));
  const consumer = client.consumer(definition);
  const run = consumer.run(onOrder);
  await passing(clock, () => tracer.handled === SENT.length);
  let isClosed = false;
  void consumer.close().then(() => (isClosed = true));
  await passing(clock, () => isClosed);
  await run;
  const trace = tracer.trace(await takeDead(client, deadLetters(definition)), isOrdered);
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
  await ours.producer(definition).sendMany(SENT.map((body) => ({ body })));
  const source = functionsEvents(usesCalls ? { calls: calls("orders-dead") } : {});
  const handler = createHandler(definition, source, onOrder, { listener: tracer.listener, clock });
  const registered = { queueName: "orders", isSessionsEnabled: isOrdered, ...registration };
  const until = (): boolean => {
    void clock.advance(STEP_MS);
    return tracer.handled === SENT.length;
  };
  const made = await host(handler, registered, until, { concurrency: 3 });
  expect(made.length).toBeGreaterThan(0);
  const dead = await takeDead(ours, usesCalls ? defineQueue("orders-dead") : deadLetters(definition));
  await admin.deleteQueue("orders");
  if (usesCalls) await admin.deleteQueue("orders-dead");
  return tracer.trace(dead, isOrdered);
}

/** Lets time pass in steps that leave room for what is on its way, until something holds. */
async function passing(clock: VirtualClock, until: () => boolean): Promise<void> {
  while (!until()) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    await clock.advance(STEP_MS);
  }
}

describe("one handler", { timeout: 60_000 }, () => {
  const bench = functionsBench();

  test("leaves the same trace as a worker in memory, as a worker on sessions, and as a function with either binding", async () => {
    const memory = await asMemoryWorker(orders, true);
    expect(memory.dead).toHaveLength(6);
    expect(memory.runs["a"]).toContain("a-4 attempt 2: ack");
    expect(await asServiceBusWorker(bench(), orders, true)).toEqual(memory);
    expect(await asFunction(bench(), orders, true, { binding: "sdk", cardinality: "many" })).toEqual(memory);
    expect(await asFunction(bench(), orders, true, { binding: "binary", cardinality: "one" })).toEqual(
      memory,
    );
  });

  test("leaves the same trace as a worker in memory and on a queue, and as a function with either binding", async () => {
    const memory = await asMemoryWorker(unorderedOrders, false);
    expect(memory.dead).toHaveLength(6);
    expect(await asServiceBusWorker(bench(), unorderedOrders, false)).toEqual(memory);
    expect(
      await asFunction(bench(), unorderedOrders, false, { binding: "sdk", cardinality: "many" }),
    ).toEqual(memory);
    expect(
      await asFunction(bench(), unorderedOrders, false, { binding: "text", cardinality: "one" }),
    ).toEqual(memory);
  });
});
