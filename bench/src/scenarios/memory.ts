import { createClient, defineQueue } from "@anyqueue/core";
import { memory } from "@anyqueue/memory";
import { callers } from "../callers.ts";
import type { SteadyScenario as Scenario } from "../scenario.ts";

export const MEMORY_CALLERS = 256;
export const MEMORY_CONCURRENCY = 64;

/** The whole way of a message inside one process: send, lease, run a handler, ack. */
export const memoryFullTrip: Scenario = {
  name: "memory: anyqueue, send to ack",
  async start() {
    const client = createClient("memory:", [memory()]);
    const queue = defineQueue<{ id: string }>("bench");
    const producer = client.producer(queue);
    let handled = 0;
    const consumer = client.consumer(queue, { concurrency: MEMORY_CONCURRENCY });
    const run = consumer.run(() => {
      handled += 1;
    });
    const body = { id: "order-1" };
    const sending = callers(MEMORY_CALLERS, () => producer.send(body));
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
