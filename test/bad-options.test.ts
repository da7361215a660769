import {
  createClient,
  defineQueue,
  idempotency,
  memoryIdempotencyStore,
  RetryError,
  route,
  runWorker,
  type QueueClient,
} from "@anyqueue/core";
import { memory, testQueues } from "@anyqueue/memory";
import { expect, onTestFinished, test } from "vitest";

// Stands for untyped JavaScript: the compiler refuses all of this.
type Anything = never;

const orders = defineQueue<{ type: "placed" }>("orders");

function open(options: object = {}): QueueClient {
  const client = createClient("memory:", [memory()], options);
  onTestFinished(async () => void (await client.close()));
  return client;
}

const bad = (value: unknown): Anything => value as Anything;
const redriveAll = async (options: unknown): Promise<void> => {
  for await (const _ of open().admin.redrive(orders, bad(options))) continue;
};

test.each<readonly [what: string, act: () => unknown, text: string]>([
  [
    "a provider that was not called",
    () => createClient("memory:", bad([memory])),
    "providers[0]: expected a provider, got the function memory. Call it: [memory()]",
  ],
  ["a logger without its methods", () => open({ logger: {} }), "options.logger.info: expected a function"],
  ["a logger that is none", () => open({ logger: 5 }), "options.logger: expected an object, got number"],
  [
    "a listener for an event that there is not",
    () => open({ listener: { retreive() {} } }),
    'options.listener: unknown key "retreive" (did you mean "receive"?)',
  ],
  [
    "one of several listeners that is no function",
    () => open({ listener: [{}, { send: 5 }] }),
    "options.listener.send: expected a function, got number",
  ],
  [
    "a listener that is none",
    () => open({ listener: 5 }),
    "options.listener: expected an object, got number",
  ],
  ["null for a consumer's options", () => open().consumer(orders, bad(null)), "expected an object, got null"],
  [
    "a number for a consumer's options",
    () => open().consumer(orders, bad(5)),
    "expected an object, got number",
  ],
  [
    "a signal of send that is none",
    () =>
      open()
        .producer(orders)
        .send({ type: "placed" }, bad({ signal: 5 })),
    "signal: expected an AbortSignal, got number",
  ],
  ["null for the options of receive", () => open().consumer(orders).receive(bad(null)), "receive: expected"],
  [
    "a signal of receive that is none",
    () =>
      open()
        .consumer(orders)
        .receive(bad({ signal: {} })),
    "receive.signal: expected an AbortSignal, got object",
  ],
  [
    "null for the batch of runBatch",
    () =>
      open()
        .consumer(orders)
        .runBatch(async () => {}, bad(null)),
    "runBatch: expected an object, got null",
  ],
  ["null for the options of close", () => open().consumer(orders).close(bad(null)), "close: expected"],
  [
    "a misspelt option of redrive",
    async () => await redriveAll({ maxx: 1 }),
    'options: unknown key "maxx" (did you mean "max"?)',
  ],
  [
    "a filter that is none",
    async () => await redriveAll({ filter: 5 }),
    "redrive.filter: expected a function",
  ],
  [
    "half a message",
    async () => await redriveAll({ max: 1.5 }),
    "redrive.max: expected a whole number from 1",
  ],
  [
    "a misspelt option of an administrative call",
    async () => await open().admin.inspect(orders, bad({ singal: 1 })),
    'options: unknown key "singal" (did you mean "signal"?)',
  ],
  ["a prefix that is no text", async () => await open().admin.list(bad(5)), "list: expected a text"],
  [
    "a misspelt option of a worker",
    async () => await runWorker(open(), [], bad({ helth: {} })),
    'runWorker: unknown key "helth" (did you mean "health"?)',
  ],
  [
    "a worker's time to end without its unit",
    async () => await runWorker(open(), [], bad({ timeout: "25" })),
    "runWorker.timeout: expected a duration",
  ],
  [
    "a health server without a port",
    async () => await runWorker(open(), [], bad({ health: { prt: 1 } })),
    'runWorker.health: unknown key "prt" (did you mean "port"?)',
  ],
  [
    "a port that is none",
    async () => await runWorker(open(), [], bad({ health: { port: 70_000 } })),
    "runWorker.health.port: expected a port from 0 to 65535",
  ],
  [
    "runs that are no list",
    async () => await runWorker(open(), bad(undefined)),
    "runWorker: runs: expected an array, got undefined",
  ],
  ["no handlers", () => route(orders, "type", bad(null)), "route of orders: expected an object, got null"],
  [
    "a field that is none",
    () => route(orders, bad(5), bad({})),
    "route of orders: expected the name of a field",
  ],
  [
    "a misspelt delay of a RetryError",
    () => new RetryError(bad({ dellay: "5s" })),
    'RetryError: unknown key "dellay" (did you mean "delay"?)',
  ],
  ["null for a RetryError", () => new RetryError(bad(null)), "RetryError: expected an object, got null"],
  ["no store", () => idempotency(bad(undefined)), "idempotency: expected an object, got undefined"],
  [
    "a store without its methods",
    () => idempotency(bad({ store: {} })),
    "idempotency.store: expected { begin, commit, rollback }",
  ],
  [
    "a misspelt option of idempotency",
    () => idempotency(bad({ store: memoryIdempotencyStore(), tll: "1d" })),
    'idempotency: unknown key "tll" (did you mean "ttl"?)',
  ],
  [
    "a misspelt option of testQueues",
    async () => await testQueues(bad({ seeed: 1 })),
    'testQueues(): unknown option "seeed". Did you mean "seed"?',
  ],
])("%s is refused and named", async (_, act, text) => {
  await expect((async () => await act())()).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining(text),
  });
});

test.each([{ timout: "5s" }, { timeout: "5" }, { timeout: 5 }, null])(
  "a close that is refused because of %j has closed nothing",
  async (options) => {
    const client = open();
    const seen: string[] = [];
    const run = client.consumer(orders).run(({ id }) => seen.push(id));

    await expect(client.close(bad(options))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("close"),
    });
    const { id } = await client.producer(orders).send({ type: "placed" });
    await expect.poll(() => seen).toEqual([id]);

    expect(await client.close({ timeout: "5s" })).toMatchObject({ handled: 1 });
    await run;
  },
);
