import { createClient, defineQueue } from "@anyqueue/core";
import { BareQueue, bare } from "../bare/bare-provider.ts";
import { callers } from "../callers.ts";
import type { SteadyScenario as Scenario } from "../scenario.ts";
import { MEMORY_CALLERS, MEMORY_CONCURRENCY } from "./memory.ts";

/** Send, deliver, run a handler and ack, with a provider that costs almost nothing. */
export const coreFullTrip: Scenario = {
  name: "core: anyqueue, send to ack over a bare provider",
  start() {
    const waiting = new BareQueue();
    const client = createClient("bare:", [bare(waiting)]);
    const queue = defineQueue<{ id: string }>("bench", { deadLetter: "none" });
    const producer = client.producer(queue);
    const consumer = client.consumer(queue, { concurrency: MEMORY_CONCURRENCY });
    const run = consumer.run(() => {
      // Empty, to measure what a message costs without any work.
    });
    const body = { id: "order-1" };
    const sending = callers(MEMORY_CALLERS, () => producer.send(body));
    return Promise.resolve({
      done: () => waiting.acked,
      async stop() {
        await sending.stop();
        await client.close();
        await run;
      },
    });
  },
};
