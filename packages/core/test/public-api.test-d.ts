/* oxlint-disable vitest/expect-expect -- the compiler is the judge here */
import { memory, testQueues } from "@anyqueue/memory";
import { sqs } from "@anyqueue/sqs";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { connect } from "../src/auto.ts";
import {
  createClient,
  deadLetters,
  DeadLetterError,
  defineQueue,
  defineTopic,
  isQueueError,
  RetryError,
  route,
  runWorker,
  unchecked,
  type BodyOf,
  type Duration,
  type EventSource,
  type Handler,
  type InputOf,
  type Message,
  type Provider,
  type QueueClient,
  type QueueConsumer,
  type QueueDefinition,
  type QueueProducer,
  type Source,
} from "../src/index.ts";

// The compiler checks these programs; they never run. `declare` stands for what an application has.
declare const url: string;
declare function charge(order: { orderId: string }, options: { signal: AbortSignal }): Promise<void>;
// Providers and event sources, typed as they will be once they are part of this repository.
declare function serviceBus(): Provider<"service-bus", ("ordering" | "deduplication" | "delay" | "ttl")[]>;
declare function pubsub(): Provider<"pubsub", "ordering"[]>;
declare function createHandler<D extends Source, A extends readonly unknown[], R>(
  definition: D,
  source: EventSource<A, R>,
  handler: Handler<BodyOf<D>>,
): (...args: A) => Promise<R>;
interface SqsEvent {
  readonly Records: readonly object[];
}
interface SqsReply {
  batchItemFailures: { itemIdentifier: string }[];
}
declare function sqsEvents(): EventSource<[SqsEvent, object?], SqsReply>;
interface Invocation {
  readonly invocationId: string;
  readonly triggerMetadata?: Record<string, unknown>;
}
declare function functionsEvents(options?: {
  readonly cardinality?: "one" | "many" | undefined;
}): EventSource<[messages: unknown, context: Invocation], void>;
declare function pushRequests(options: { audience: string }): EventSource<[Request], Response>;

const Order = z.object({
  orderId: z.string(),
  customerId: z.string(),
  total: z.number(),
  note: z.string().default(""),
});
const order = { orderId: "1", customerId: "c", total: 1 };

const orders = defineQueue("orders", { schema: Order, retry: { attempts: 5 } });
const perCustomer = defineQueue("per-customer", {
  schema: Order,
  orderingKey: (o) => o.customerId,
  id: (o) => o.orderId,
});
const reminders = defineQueue("reminders", { schema: Order, needs: ["delay"] });
const softReminders = defineQueue("soft", { schema: Order, emulate: ["delay"] });
const onOrder: Handler<BodyOf<typeof orders>> = async (message, { signal }) => {
  await charge(message.body, { signal });
};

test("a definition knows what is sent and what is handled", () => {
  expectTypeOf<BodyOf<typeof orders>>().toEqualTypeOf<z.output<typeof Order>>();
  expectTypeOf<InputOf<typeof orders>>().toEqualTypeOf<z.input<typeof Order>>();
  const bare = defineQueue("bare");
  const typed = defineQueue<{ x: number }>("typed");
  expectTypeOf<BodyOf<typeof bare>>().toEqualTypeOf<unknown>();
  expectTypeOf<BodyOf<typeof typed>>().toEqualTypeOf<{ x: number }>();
  interface Shape {
    a: string;
    b?: { c: number[] };
  }
  const shaped = defineQueue<Shape>("shaped");
  expectTypeOf<InputOf<typeof shaped>>().toEqualTypeOf<Shape>();
  defineQueue("date", { schema: z.object({ at: z.date() }) });
  defineQueue("deep", {
    schema: z.object({ at: z.coerce.date(), n: z.array(z.object({ a: z.string().optional() })) }),
    orderingKey: (body) => body.n[0]?.a ?? "",
  });
  expectTypeOf<BodyOf<ReturnType<typeof deadLetters>>>().toEqualTypeOf<Uint8Array>();
});

test("a worker", async () => {
  await using client = await connect(url);
  await runWorker(client, [client.consumer(orders, { concurrency: 8 }).run(onOrder)]);
});

test("one handler for every function runtime", () => {
  const lambda = createHandler(orders, sqsEvents(), onOrder);
  expectTypeOf(lambda).toEqualTypeOf<(event: SqsEvent, context?: object) => Promise<SqsReply>>();
  const functions = createHandler(orders, functionsEvents({ cardinality: "many" }), onOrder);
  expectTypeOf(functions).toEqualTypeOf<(messages: unknown, context: Invocation) => Promise<void>>();
  const push = createHandler(orders, pushRequests({ audience: "https://x" }), onOrder);
  expectTypeOf(push).toEqualTypeOf<(request: Request) => Promise<Response>>();
  createHandler(defineQueue("q"), sqsEvents(), async () => {});
});

test("what a listed provider cannot do does not compile", async () => {
  const client = createClient(url, [sqs(), serviceBus(), pubsub()]);
  const producer = client.producer(perCustomer);
  await producer.send(order);
  // @ts-expect-error neither Pub/Sub nor an SQS FIFO queue can delay
  client.producer(reminders);
  await client.producer(softReminders).send(order, { delay: "5s" });

  const one = createClient(url, [sqs()]);
  await one.producer(reminders).send(order, { delay: "5s" });
  const both = defineQueue("both", { schema: Order, orderingKey: (o) => o.customerId, needs: ["delay"] });
  // @ts-expect-error FIFO queues have no delay of one message
  one.producer(both);
  createClient(url, [serviceBus()]).producer(both);
  createClient(url, [memory()]).producer(both);
  // @ts-expect-error the delay was not declared
  await producer.send(order, { delay: "5s" });
  expectTypeOf(one.producer(reminders)).toExtend<QueueProducer<InputOf<typeof orders>>>();

  const deduplicated = defineQueue("dedup", {
    schema: unchecked<{ k: string }>(),
    orderingKey: (body) => body.k,
    needs: ["deduplication"],
  });
  expectTypeOf<InputOf<typeof deduplicated>>().toEqualTypeOf<{ k: string }>();
  createClient(url, [sqs(), serviceBus()]).producer(deduplicated);
  // @ts-expect-error Pub/Sub has no deduplication
  createClient(url, [sqs(), pubsub()]).consumer(deduplicated);
});

test("several types of message on one queue", () => {
  const events = defineQueue("events", {
    schema: z.discriminatedUnion("type", [
      z.object({ type: z.literal("placed"), orderId: z.string() }),
      z.object({ type: z.literal("cancelled"), reason: z.string() }),
    ]),
  });
  const handler = route(events, "type", {
    placed: async ({ body }) => expectTypeOf(body.orderId).toEqualTypeOf<string>(),
    cancelled: async ({ body }, { log }) => log.info({ reason: body.reason }, "cancelled"),
  });
  expectTypeOf(handler).toEqualTypeOf<Handler<BodyOf<typeof events>>>();
  // @ts-expect-error a type without a handler
  route(events, "type", { placed: async () => {} });
});

test("a back-off of one's own, and control of one message by throwing", () => {
  const calls = defineQueue("calls", {
    schema: Order,
    retry: {
      attempts: 8,
      delay: (attempt, error) =>
        isQueueError(error, "MESSAGE_TOO_LARGE") ? "dead-letter" : `${2 ** attempt}s`,
    },
  });
  const handler: Handler<BodyOf<typeof calls>> = async ({ body }, { isLastAttempt }) => {
    const note = body.note || undefined;
    if (note === undefined) throw new RetryError({ delay: "30s" });
    expectTypeOf(note).toEqualTypeOf<string>();
    if (isLastAttempt) throw new DeadLetterError("given up");
  };
  expectTypeOf(handler).toExtend<Handler<BodyOf<typeof orders>>>();
  // @ts-expect-error a duration has a unit
  expectTypeOf<"30">().toExtend<Duration>();
});

test("dead letters: read, settle, redrive", async () => {
  await using client = await connect();
  const redriven = client.admin.redrive(orders, {
    max: 100,
    filter: (message) => message.attributes["tenant"] === "a",
  });
  for await (const { moved } of redriven) expectTypeOf(moved).toEqualTypeOf<number>();
  const dead = client.consumer(deadLetters(orders));
  await dead.run(async ({ body }) => expectTypeOf(body).toEqualTypeOf<Uint8Array>());
  for (const message of await dead.receive({ max: 10 })) {
    await using received = message;
    await received.ack();
  }
});

test("tests in virtual time", async () => {
  await using queues = await testQueues();
  void queues.client.consumer(orders).run(async () => {
    throw new Error("down");
  });
  await queues.client.producer(orders).send(order);
  await queues.advance("1h");
  await queues.idle();
  expectTypeOf(queues.deadLettered(orders)[0]?.body.orderId).toEqualTypeOf<string | undefined>();
});

test("the provider and the names by configuration", async () => {
  const client = createClient(
    {
      url,
      prefix: "prod-",
      queues: {
        orders: "orders-v2",
        "per-customer": { deadLetter: "failed" },
        legacy: { url: "sqs://eu-west-1/old" },
      },
    },
    [sqs(), serviceBus(), pubsub(), memory()],
  );
  await client.verify(orders, perCustomer);
  // @ts-expect-error a configuration has a url
  createClient({ prefix: "prod-" }, [memory()]);
});

test("twenty queues on one connection", async () => {
  const client = await connect();
  const names = Array.from({ length: 20 }, (_, index) => `q${index}`);
  const runs = names.map(async (name) => {
    const queue: QueueDefinition = defineQueue(name);
    return await client.consumer(queue, { concurrency: 2 }).run(async () => {});
  });
  await runWorker(client, runs);
});

test("a topic with two subscriptions", async () => {
  const placed = defineTopic("order-placed", { schema: Order, orderingKey: (o) => o.customerId });
  const billing = placed.subscription("billing", { retry: { attempts: 3 } });
  const shipping = placed.subscription("shipping");
  await using client = await connect();
  await client.producer(placed).send(order);
  await runWorker(client, [client.consumer(billing).run(onOrder), client.consumer(shipping).run(onOrder)], {
    health: { port: 8081 },
  });
  // @ts-expect-error a topic is not consumed, a subscription is
  client.consumer(placed);
  // @ts-expect-error nobody sends to a subscription
  client.producer(billing);
});

test("batches, partial failures, iteration", async () => {
  const client = await connect();
  await client
    .consumer(orders)
    .runBatch(
      async (messages) =>
        await Promise.allSettled(
          messages.map(async ({ body }) => await charge(body, { signal: new AbortController().signal })),
        ),
    );
  try {
    await client.producer(orders).sendMany([{ body: order }]);
  } catch (error) {
    if (isQueueError(error, "PARTIAL_SEND")) {
      for (const result of error.results) if (!result.ok) expectTypeOf(result.error.code).toExtend<string>();
    }
    if (isQueueError(error, "UNSUPPORTED")) expectTypeOf(error.feature).toEqualTypeOf<string>();
  }
  const consumer: QueueConsumer<BodyOf<typeof orders>> = client.consumer(orders);
  for await (const message of consumer) {
    expectTypeOf(message).toExtend<Message<z.output<typeof Order>>>();
    await message.ack();
  }
});

test("any client can be injected where its providers do not matter", () => {
  const inject = (client: QueueClient) => client.producer(perCustomer);
  expectTypeOf(inject(createClient(url, [sqs()]))).toExtend<QueueProducer<InputOf<typeof perCustomer>>>();
});
