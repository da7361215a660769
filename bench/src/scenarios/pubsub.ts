import { createClient, defineQueue } from "@anyqueue/core";
import { pubsub } from "@anyqueue/pubsub";
import { EXAMPLE_BODIES } from "../body.ts";
import { callers, closing } from "../callers.ts";
import type { SteadyScenario as Scenario, StubPlan } from "../scenario.ts";

export const PUBSUB: StubPlan = { kind: "pubsub" };
export const FAR_PUBSUB: StubPlan = { kind: "pubsub", roundTripMs: 10 };

function sending(name: string, callersAtOnce: number): Scenario {
  return {
    name,
    stub: PUBSUB,
    accounts: "sent",
    async start({ port }) {
      const client = connect(port);
      const producer = client.producer(defineQueue<object>("bench"));
      const send = (nth: number): Promise<unknown> => producer.send(EXAMPLE_BODIES[nth % 32] ?? {});
      await send(0);
      return closing(callers(callersAtOnce, send), () => client.close());
    },
  };
}

/** The stub counts no deliveries, as a subscription without a dead-letter policy. */
const QUEUE = defineQueue<object>("bench", { deadLetter: "none", retry: { attempts: "unlimited" } });

function consuming(name: string, stub: StubPlan, concurrency: number): Scenario {
  return {
    name,
    stub,
    accounts: "settled",
    async start({ port }) {
      const client = connect(port);
      let handled = 0;
      const consumer = client.consumer(QUEUE, { concurrency });
      const run = consumer.run(() => {
        handled += 1;
      });
      return {
        done: () => handled,
        async stop() {
          await client.close();
          await run;
        },
      };
    },
  };
}

function connect(port: number): ReturnType<typeof createClient> {
  return createClient(`pubsub://bench?endpoint=127.0.0.1:${port}`, [pubsub()]);
}

export const pubsubScenarios: readonly Scenario[] = [
  sending("pubsub send: anyqueue, 2,000 callers", 2_000),
  sending("pubsub idle send: anyqueue", 1),
  consuming("pubsub consume: anyqueue, concurrency 1,000", PUBSUB, 1_000),
  consuming("pubsub at 10 ms: anyqueue, concurrency 1,000", FAR_PUBSUB, 1_000),
];
