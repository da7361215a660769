import type { QueueClient } from "@anyqueue/core";
import { expect, test } from "vitest";
import { BatchGatherer } from "./lambda/batch-gatherer.ts";
import type { EnvironmentPool } from "./lambda/environment-pool.ts";
import { LambdaMapping } from "./lambda/lambda-mapping.ts";
import { MessagePump, type PumpOptions } from "./message-pump.ts";

const NEVER = new AbortController().signal;

/**
 * Behaves like a service's queue: a receive request that is open while a call ends returns nothing, and
 * messages that the call gave back are there for the next request.
 */
class Queue {
  readonly #answers: string[] = ["first"];
  #waiting: (() => void)[] = [];
  asks = 0;
  calls = 0;

  async ask<M>(message: (body: string) => M): Promise<M[]> {
    this.asks += 1;
    const body = this.#answers.shift();
    if (body !== undefined) return [message(body)];
    if (this.asks === 2) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return [];
  }

  /** Ends after the open receive request, but before its answer has been looked at. */
  async call(): Promise<void> {
    this.calls += 1;
    if (this.calls > 1) return;
    while (this.asks < 2) await Promise.resolve();
    this.#answers.push("given back");
    setImmediate(() => {
      for (const answer of this.#waiting.splice(0)) answer();
    });
  }
}

interface Ask {
  readonly wait: string;
}

function pumpOf(receive: (ask: Ask) => Promise<unknown>, onBatch: () => Promise<void>): MessagePump {
  const options = { batchSize: 1, maxConcurrency: 4, isOnce: true, onBatch, place: {} };
  const client = { consumer: () => ({ receive }) };
  return new MessagePump(options as unknown as PumpOptions, client as unknown as QueueClient);
}

test("a pump takes what came behind its last ask, and waits where that ends it", async () => {
  const queue = new Queue();
  const waits: string[] = [];
  const receive = async ({ wait }: Ask): Promise<unknown> => {
    waits.push(wait);
    return await queue.ask((id) => ({ id }));
  };
  await pumpOf(receive, async () => await queue.call()).run(NEVER);
  expect(queue.calls).toBe(2);
  expect(waits.slice(-2)).toEqual(["0ms", "1s"]);
  expect(waits.filter((wait) => wait === "1s")).toHaveLength(1);
});

test("a pump takes no service for empty that has not answered", async () => {
  const left = ["late"];
  let calls = 0;
  // A receive with a wait of its own is over before the answer is here.
  const receive = async ({ wait }: Ask): Promise<unknown> =>
    wait === "0ms" ? left.splice(0).map((id) => ({ id })) : [];
  await pumpOf(receive, async () => void (calls += 1)).run(NEVER);
  expect(calls).toBe(1);
});

test("the mapping of a Lambda function takes what came behind its last ask", async () => {
  const queue = new Queue();
  const invoke = async (): Promise<unknown> => {
    await queue.call();
    return { result: { kind: "response", body: "null" }, isColdStart: false, durationMs: 1 };
  };
  const source = { receive: async () => await queue.ask((MessageId) => ({ MessageId, Body: "" })) };
  const mapping = new LambdaMapping({
    queue: { delete: async () => [], release: async () => [] },
    gatherer: new BatchGatherer(source, { queueArn: "arn:aws:sqs:eu-west-1:1:q", batchSize: 1, windowMs: 0 }),
    pool: { untilRoom: async () => {}, invoke } as unknown as EnvironmentPool,
    isPartial: false,
    isOnce: true,
    onReport: () => {},
    onWarning: () => {},
    onLost: () => {},
    onUnsettled: () => {},
  });
  await mapping.run(NEVER);
  expect(queue.calls).toBe(2);
});

test("a pump gives back at once what comes when it is stopped, though a call still runs", async () => {
  const stop = new AbortController();
  const givenBack = Promise.withResolvers<string>();
  const answers = ["first", "late"];
  const receive = async (): Promise<unknown> => {
    const id = answers.shift() ?? "";
    if (id === "late") stop.abort();
    return [{ id, retry: async () => givenBack.resolve(id) }];
  };
  const client = { consumer: () => ({ receive }) } as unknown as QueueClient;
  const options = { batchSize: 1, maxConcurrency: 4, isOnce: false, place: {} };
  // Ends only when the other message is free again.
  const onBatch = async (): Promise<void> => void (await givenBack.promise);
  await new MessagePump({ ...options, onBatch } as unknown as PumpOptions, client).run(stop.signal);
  expect(await givenBack.promise).toBe("late");
});
