// Shared by the tests of every platform, which run the one handler as a worker and as a function and compare.

import { setTimeout as onTheWire } from "node:timers/promises";
import {
  deadLetters,
  type EventListener,
  type QueueClient,
  type QueueDefinition,
  type Source,
} from "@anyqueue/core";
import { testQueues } from "@anyqueue/memory";
import { onOrder, type Order } from "./order-handler.ts";

const FATES = ["fine", "fails-once", "fine", "refused", "retries-later", "always-fails", "fine"] as const;
/** Two of the seven orders of each customer are dead-lettered. */
export const DEAD = 6;
const SENT: readonly Order[] = ["a", "b", "c"].flatMap((customer, place) =>
  FATES.map((_, number): Order => ({
    customer,
    number,
    fate: FATES[(number + place * 2) % FATES.length] ?? "fine",
  })),
);

const REAL_BEAT_MS = 2;
const STEP_MS = 100;

/** What an application sees of its messages, whatever transport they used. */
export interface Trace {
  /** Per ordering key: every run of the handler and its outcome, in order if the queue keeps one. */
  readonly runs: Readonly<Record<string, readonly string[]>>;
  /** Ids and reasons of the dead letters. */
  readonly dead: readonly string[];
}

/** Records one run. */
export class Tracer {
  readonly #runs = new Map<string, string[]>();
  #done = 0;

  readonly listener: EventListener = {
    handled: ({ id, attempt, outcome }) => {
      const key = id.slice(0, 1);
      const runs = this.#runs.get(key) ?? [];
      this.#runs.set(key, runs);
      runs.push(`${id} attempt ${attempt}: ${outcome}`);
      if (outcome !== "release") this.#done += 1;
    },
  };

  get isDone(): boolean {
    return this.#done >= SENT.length;
  }

  /** Receives the dead letters from where they are. */
  async trace(client: Pick<QueueClient, "consumer">, dead: Source, isOrdered: boolean): Promise<Trace> {
    const found: string[] = [];
    const consumer = client.consumer(dead);
    while (found.length < DEAD) {
      for (const message of await consumer.receive({ max: 50, wait: "1s" })) {
        const { id, deadLettered } = message;
        found.push(`${id}: ${deadLettered?.reason} after ${deadLettered?.attempts}`);
        await message.ack();
      }
    }
    const runs = [...this.#runs].map(([key, list]) => [key, isOrdered ? list : list.toSorted()] as const);
    return {
      runs: Object.fromEntries(runs.toSorted(([a], [b]) => a.localeCompare(b))),
      dead: found.toSorted(),
    };
  }
}

/** Sends every order. */
export async function sendAll(
  client: Pick<QueueClient, "producer">,
  definition: QueueDefinition<Order>,
): Promise<void> {
  await client.producer(definition).sendMany(SENT.map((body) => ({ body })));
}

/** The reference that the other traces are compared with. */
export async function asMemoryWorker(definition: QueueDefinition<Order>, isOrdered: boolean): Promise<Trace> {
  const tracer = new Tracer();
  await using queues = await testQueues({ client: { listener: tracer.listener } });
  const consumer = queues.client.consumer(definition);
  const run = consumer.run(onOrder);
  await sendAll(queues.client, definition);
  while (!tracer.isDone) await queues.advance("1s");
  await consumer.close();
  await run;
  return await tracer.trace(queues.client, deadLetters(definition), isOrdered);
}

/** Runs the handler in a worker until every order is done. `advance` lets time pass at both ends. */
export async function runWorker(
  client: Pick<QueueClient, "consumer">,
  definition: QueueDefinition<Order>,
  tracer: Tracer,
  advance: (ms: number) => Promise<unknown>,
): Promise<void> {
  const consumer = client.consumer(definition);
  const run = consumer.run(onOrder);
  await passing(() => tracer.isDone, advance);
  let isClosed = false;
  void consumer.close().then(() => (isClosed = true));
  await passing(() => isClosed, advance);
  await run;
}

/** Lets time pass until a condition holds, in steps that leave room for messages on their way. */
export async function passing(
  until: () => boolean,
  advance: (ms: number) => Promise<unknown>,
): Promise<void> {
  while (!until()) {
    await onTheWire(REAL_BEAT_MS);
    await advance(STEP_MS);
  }
}
