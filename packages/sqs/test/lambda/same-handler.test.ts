import { createClient, deadLetters, type QueueClient, type QueueDefinition } from "@anyqueue/core";
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
import { sqs } from "../../src/index.ts";
import { sqsEvents } from "../../src/lambda.ts";
import { ANY_CREDENTIALS } from "../open-adapter.ts";
import { lambdaBench, type LambdaBench } from "./lambda-bench.ts";

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
  await sendAll(client, definition);
  await runWorker(client, definition, tracer, async (ms) => {
    await emulator.clock.advance(ms);
    await clock.advance(ms);
  });
  const trace = await tracer.trace(client, deadLetters(definition), isOrdered);
  await expectNothingLeft(client, definition);
  return trace;
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
  await sendAll(ours, definition);
  const allowed = calls({ changeVisibility: true, deadLetterQueue: `orders-dead${suffix}` });
  const handler = createHandler(definition, sqsEvents({ calls: allowed }), onOrder, {
    listener: tracer.listener,
  });
  while (!tracer.isDone) {
    const invocation = await mapping.invoke(handler);
    if (invocation === undefined) await emulator.clock.advance(500);
  }
  const trace = await tracer.trace(ours, deadLetters(definition), isOrdered);
  await expectNothingLeft(ours, definition);
  return trace;
}

async function expectNothingLeft(client: QueueClient, definition: QueueDefinition<Order>): Promise<void> {
  expect(await client.admin.inspect(definition)).toMatchObject({ ready: 0, inFlight: 0 });
}

describe("one handler", () => {
  const bench = lambdaBench();

  test("leaves the same trace as a worker in memory, as a worker on SQS FIFO and as a Lambda function", async () => {
    const memory = await asMemoryWorker(orders, true);
    expect(memory.dead).toHaveLength(DEAD);
    expect(memory.runs["a"]).toContain("a-4 attempt 2: ack");
    expect(await asFunction(bench(), orders, true)).toEqual(memory);
    bench().emulator.reset();
    expect(await asSqsWorker(bench(), orders, true)).toEqual(memory);
  });

  test("leaves the same trace as a worker in memory, as a worker on SQS and as a Lambda function", async () => {
    const memory = await asMemoryWorker(unorderedOrders, false);
    expect(memory.dead).toHaveLength(DEAD);
    expect(await asFunction(bench(), unorderedOrders, false)).toEqual(memory);
    bench().emulator.reset();
    expect(await asSqsWorker(bench(), unorderedOrders, false)).toEqual(memory);
  });
});
