// Measures what the core allocates: promises per message, and heap per message in a handler.
import { promiseHooks } from "node:v8";
import { setImmediate as nextTurn } from "node:timers/promises";
import { bytes, createClient, defineQueue } from "@anyqueue/core";
import { BareQueue, bare } from "../bare/bare-provider.ts";
import { heapUsed } from "./heap-used.ts";
import { tell } from "./tell.ts";

const MESSAGES = 10_000;
/** One-time allocations, and those of the JavaScript engine while it warms up, do not count. */
const WARM_UP = 2_000;

const queue = defineQueue<Uint8Array>("bench", { codec: bytes(), deadLetter: "none" });
const body = new Uint8Array(1_024);

const waiting = new BareQueue();
const client = createClient("bare:", [bare(waiting)]);
const producer = client.producer(queue);
const promisesPerMessage = await promisesOf();
const heapPerMessage = await heapOf();
tell({ promisesPerMessage, heapPerMessage });

/** Awaits only the flush: the promise of each `send` is the library's, and the caller's must not count. */
async function promisesOf(): Promise<number> {
  const run = client.consumer(queue, { concurrency: 64 });
  void run.run(() => {
    // Does nothing.
  });
  await send(WARM_UP);
  let promises = 0;
  const stop = promiseHooks.onInit(() => {
    promises += 1;
  });
  await send(MESSAGES);
  stop();
  await run.close();
  return promises / MESSAGES;
}

async function send(count: number): Promise<void> {
  const until = waiting.acked + count;
  for (let nth = 0; nth < count; nth += 1) void producer.send(body);
  await producer.flush();
  while (waiting.acked < until) await nextTurn();
}

/** Sends all messages before the first delivery, so that those in the queue are part of both measurements. */
async function heapOf(): Promise<number> {
  for (let nth = 0; nth < MESSAGES; nth += 1) void producer.send(body);
  await producer.flush();
  const end = Promise.withResolvers<void>();
  let started = 0;
  const before = heapUsed();
  const consumer = client.consumer(queue, { concurrency: MESSAGES });
  void consumer.run(() => {
    started += 1;
    return end.promise;
  });
  while (started < MESSAGES) await nextTurn();
  const held = heapUsed() - before;
  end.resolve();
  await client.close();
  return held / MESSAGES;
}
