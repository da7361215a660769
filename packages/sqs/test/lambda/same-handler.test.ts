import { setTimeout as onTheWire } from "node:timers/promises";
import {
  createClient,
  deadLetters,
  type EventListener,
  type QueueClient,
  type QueueDefinition,
} from "@anyqueue/core";
import { testQueues } from "@anyqueue/memory";
import { createVirtualClock, type VirtualClock } from "@anyqueue/core/testing";
import { createHandler } from "@anyqueue/serverless";
import { describe, expect, test } from "vitest";
import { sqs } from "../../src/index.ts";
import { sqsEvents } from "../../src/lambda.ts";
import { ANY_CREDENTIALS } from "../open-adapter.ts";
import { lambdaBench, type LambdaBench } from "./lambda-bench.ts";
import { onOrder, orders, unorderedOrders, type Order } from "./order-handler.ts";

const FATES = ["fine", "fails-once", "fine", "refused", "retries-later", "always-fails", "fine"] as const;
const SENT: readonly Order[] = ["a", "b", "c"].flatMap((customer, place) =>
  FATES.map((_, number): Order => ({
    customer,
    number,
    fate: FATES[(number + place * 2) % FATES.length] ?? "fine",
  })),
);

const REAL_BEAT_MS = 2;
const STEP_MS = 100;

/** What an application sees of its messages, whatever carried them. */
interface Trace {
  /** Per ordering key: every run of the handler and what followed, in order. */
  readonly runs: Readonly<Record<string, readonly string[]>>;
  /** Ids and reasons of the dead letters. */
  readonly dead: readonly string[];
  readonly left: number;
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

  async trace(client: QueueClient, definition: QueueDefinition<Order>, isOrdered: boolean): Promise<Trace> {
    const dead = await client.consumer(deadLetters(definition)).receive({ max: 50, wait: "1s" });
    for (const message of dead) await message.ack();
    const { ready = 0, inFlight = 0 } = await client.admin.inspect(definition);
    const runs = [...this.#runs].map(([key, list]) => [key, isOrdered ? list : list.toSorted()] as const);
    return {
      runs: Object.fromEntries(runs.toSorted(([a], [b]) => a.localeCompare(b))),
      dead: dead
        .map(({ id, deadLettered }) => `${id}: ${deadLettered?.reason} after ${deadLettered?.attempts}`)
        .toSorted(),
      left: ready + inFlight,
    };
  }
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
  return await tracer.trace(queues.client, definition, isOrdered);
}

async function asSqsWorker(
  { emulator, url }: LambdaBench,
  definition: QueueDefinition<Order>,
  isOrdered: boolean,
): Promise<Trace> {
  const tracer = new Tracer();
  const clock = createVirtualClock();
  const options = { listener: tracer.listener, clock };
  await using client = createClient(url, [sqs({ credentials: ANY_CREDENTIALS })], options);
  await client.admin.create(definition);
  await client.producer(definition).sendMany(SENT.map((body) => ({ body })));
  const consumer = client.consumer(definition);
  const run = consumer.run(onOrder);
  const passing = timeAtBothEnds(emulator, clock);
  await passing(() => tracer.handled === SENT.length);
  let isClosed = false;
  void consumer.close().then(() => (isClosed = true));
  await passing(() => isClosed);
  await run;
  return await tracer.trace(client, definition, isOrdered);
}

/** Lets time pass in steps that leave room for what is on its way, until something holds. */
function timeAtBothEnds(
  emulator: LambdaBench["emulator"],
  clock: VirtualClock,
): (until: () => boolean) => Promise<void> {
  return async (until) => {
    while (!until()) {
      await onTheWire(REAL_BEAT_MS);
      await emulator.clock.advance(STEP_MS);
      await clock.advance(STEP_MS);
    }
  };
}

async function asFunction(
  { calls, client, createQueue, emulator }: LambdaBench,
  definition: QueueDefinition<Order>,
  isOrdered: boolean,
): Promise<Trace> {
  const tracer = new Tracer();
  const suffix = isOrdered ? ".fifo" : "";
  const mapping = await createQueue(`orders${suffix}`, { VisibilityTimeout: "900" });
  await createQueue(`orders-dead${suffix}`);
  const ours = client();
  await ours.producer(definition).sendMany(SENT.map((body) => ({ body })));
  const allowed = calls({ changeVisibility: true, deadLetterQueue: `orders-dead${suffix}` });
  const handler = createHandler(definition, sqsEvents({ calls: allowed }), onOrder, {
    listener: tracer.listener,
  });
  while (tracer.handled < SENT.length) {
    const invocation = await mapping.invoke(handler);
    if (invocation === undefined) await emulator.clock.advance(500);
  }
  return await tracer.trace(ours, definition, isOrdered);
}

describe("one handler", { timeout: 20_000 }, () => {
  const bench = lambdaBench();

  test("leaves the same trace as a worker in memory, as a worker on SQS FIFO and as a Lambda function", async () => {
    const memory = await asMemoryWorker(orders, true);
    expect(memory.dead).toHaveLength(6);
    expect(memory.left).toBe(0);
    expect(memory.runs["a"]).toContain("a-4 attempt 2: ack");
    expect(await asFunction(bench(), orders, true)).toEqual(memory);
    bench().emulator.reset();
    expect(await asSqsWorker(bench(), orders, true)).toEqual(memory);
  });

  test("leaves the same trace as a worker in memory, as a worker on SQS and as a Lambda function", async () => {
    const memory = await asMemoryWorker(unorderedOrders, false);
    expect(memory.dead).toHaveLength(6);
    expect(await asFunction(bench(), unorderedOrders, false)).toEqual(memory);
    bench().emulator.reset();
    expect(await asSqsWorker(bench(), unorderedOrders, false)).toEqual(memory);
  });
});
