import { createClient, defineQueue } from "@anyqueue/core";
import { memory } from "@anyqueue/memory";
import fastq from "fastq";
import PQueue from "p-queue";
import { callers, type Running, type Scenario } from "../measure.ts";

const CALLERS = 256;
const CONCURRENCY = 64;

/** Send, lease, run a handler, ack: the whole way of a message inside one process. */
const anyqueueMemory: Scenario = {
  name: "memory: anyqueue full trip",
  async start() {
    const client = createClient("memory:", [memory()]);
    const queue = defineQueue<{ id: string }>("bench");
    const producer = client.producer(queue);
    let handled = 0;
    const consumer = client.consumer(queue, { concurrency: CONCURRENCY });
    const run = consumer.run(() => {
      handled += 1;
    });
    const body = { id: "order-1" };
    const sending = callers(CALLERS, () => producer.send(body));
    return {
      done: () => handled,
      async stop() {
        await sending.stop();
        await client.close();
        await run;
      },
    };
  },
};

const fastqPromise: Scenario = {
  name: "memory: fastq.promise",
  start(): Promise<Running> {
    const queue = fastq.promise((body: { id: string }) => Promise.resolve(body.id), CONCURRENCY);
    return Promise.resolve(callers(CALLERS, () => queue.push({ id: "order-1" })));
  },
};

const pQueue: Scenario = {
  name: "memory: p-queue",
  start(): Promise<Running> {
    const queue = new PQueue({ concurrency: CONCURRENCY });
    return Promise.resolve(callers(CALLERS, () => queue.add(() => Promise.resolve("order-1"))));
  },
};

export const memoryScenarios: readonly Scenario[] = [anyqueueMemory, fastqPromise, pQueue];
