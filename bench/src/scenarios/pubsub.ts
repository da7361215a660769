import { createClient, defineQueue } from "@anyqueue/core";
import { pubsub } from "@anyqueue/pubsub";
import { bodyAt } from "../body.ts";
import { callers, closing } from "../callers.ts";
import type { SteadyScenario as Scenario, StubPlan } from "../scenario.ts";
import { contentOf } from "./content.ts";

export const PUBSUB: StubPlan = { kind: "pubsub" };
export const FAR_PUBSUB: StubPlan = { kind: "pubsub", roundTripMs: 10 };
export const BIG_PUBSUB: StubPlan = { kind: "pubsub", textBytes: 256_000 };

function sending(name: string, stub: StubPlan, callersAtOnce: number): Scenario {
  return {
    name,
    stub,
    accounts: "sent",
    async start({ port }) {
      const client = connect(port);
      const { codec, bodies } = contentOf(stub);
      const producer = client.producer(defineQueue("bench", { codec }));
      const send = (nth: number): Promise<unknown> => producer.send(bodyAt(bodies, nth));
      await send(0);
      return closing(callers(callersAtOnce, send), () => client.close());
    },
  };
}

/** The stub counts no deliveries, like a subscription without a dead-letter policy. */
const POLICY = { deadLetter: "none", retry: { attempts: "unlimited" } } as const;

function consuming(name: string, stub: StubPlan, concurrency: number): Scenario {
  return {
    name,
    stub,
    accounts: "settled",
    async start({ port }) {
      const client = connect(port);
      const { codec } = contentOf(stub);
      const queue = defineQueue("bench", { codec, ...POLICY });
      let handled = 0;
      const consumer = client.consumer(queue, { concurrency });
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
  sending("pubsub send: anyqueue, 2,000 callers", PUBSUB, 2_000),
  sending("pubsub send of 256 KB: anyqueue, 200 callers", BIG_PUBSUB, 200),
  sending("pubsub idle send: anyqueue", PUBSUB, 1),
  consuming("pubsub consume: anyqueue, concurrency 1,000", PUBSUB, 1_000),
  consuming("pubsub consume of 256 KB: anyqueue, concurrency 1,000", BIG_PUBSUB, 1_000),
  consuming("pubsub at 10 ms: anyqueue, concurrency 1,000", FAR_PUBSUB, 1_000),
];
