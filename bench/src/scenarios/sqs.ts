import { setTimeout as sleep } from "node:timers/promises";
import { createClient, defineQueue } from "@anyqueue/core";
import { sqs } from "@anyqueue/sqs";
import { bodyAt } from "../body.ts";
import { callers, closing } from "../callers.ts";
import { slowHandler } from "../handler-time.ts";
import type { SteadyScenario as Scenario, StubPlan } from "../scenario.ts";
import { contentOf } from "./content.ts";

export const SQS: StubPlan = { kind: "sqs" };
export const FAR_SQS: StubPlan = { kind: "sqs", roundTripMs: 10 };
/** Four such messages fit into one request. */
export const BIG_SQS: StubPlan = { kind: "sqs", textBytes: 256_000 };

/** Each caller makes one `send` after another, and the library makes the batches. */
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

function consuming(name: string, stub: StubPlan, concurrency: number, work?: () => Promise<void>): Scenario {
  return {
    name,
    stub,
    accounts: "settled",
    async start({ port }) {
      const client = connect(port);
      let handled = 0;
      const { codec } = contentOf(stub);
      const queue = defineQueue("bench", { codec, deadLetter: "none" });
      const consumer = client.consumer(queue, { concurrency });
      const run = consumer.run(async () => {
        await work?.();
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

/** 10,000 handlers that wait until the scenario ends. */
const holding: Scenario = {
  name: "sqs in flight: anyqueue, 10,000",
  stub: SQS,
  async start({ port }) {
    const client = connect(port);
    const end = Promise.withResolvers<void>();
    let started = 0;
    const queue = defineQueue<object>("bench", { deadLetter: "none" });
    const run = client.consumer(queue, { concurrency: 10_000 }).run(async () => {
      started += 1;
      await end.promise;
    });
    while (started < 10_000) await sleep(10);
    return {
      done: () => started,
      async stop() {
        end.resolve();
        await client.close();
        await run;
      },
    };
  },
};

function connect(port: number): ReturnType<typeof createClient> {
  return createClient(`sqs://us-east-1?endpoint=http://127.0.0.1:${port}`, [sqs()]);
}

export const sqsScenarios: readonly Scenario[] = [
  sending("sqs send: anyqueue, 200 callers", SQS, 200),
  sending("sqs send of 256 KB: anyqueue, 200 callers", BIG_SQS, 200),
  sending("sqs idle send: anyqueue", SQS, 1),
  consuming("sqs consume: anyqueue, concurrency 100", SQS, 100),
  consuming("sqs consume of 256 KB: anyqueue, concurrency 100", BIG_SQS, 100),
  holding,
  consuming("sqs at 10 ms: anyqueue, concurrency 10", FAR_SQS, 10, slowHandler),
  consuming("sqs at 10 ms: anyqueue, concurrency 100", FAR_SQS, 100, slowHandler),
];
