import type { QueueClient } from "@anyqueue/core";
import { expect, test } from "vitest";
import { BatchGatherer } from "./lambda/batch-gatherer.ts";
import type { EnvironmentPool } from "./lambda/environment-pool.ts";
import { LambdaMapping } from "./lambda/lambda-mapping.ts";
import { MessagePump, type PumpOptions } from "./message-pump.ts";

const NEVER = new AbortController().signal;

/**
 * A queue as a service has it: an ask that is out while a call ends is answered with nothing, and what the call gave
 * back is there for the next one.
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

  /** Ends only behind the ask that is out, and before its answer has been looked at. */
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

test("a pump takes what came behind its last ask", async () => {
  const queue = new Queue();
  const options = { batchSize: 1, maxConcurrency: 4, isOnce: true, onBatch: async () => await queue.call() };
  const receive = async (): Promise<unknown> => await queue.ask((id) => ({ id }));
  const client = { consumer: () => ({ receive }) } as unknown as QueueClient;
  const pump = new MessagePump({ ...options, place: {} } as unknown as PumpOptions, client);
  await pump.run(NEVER);
  expect(queue.calls).toBe(2);
});

test("so does the mapping of a Lambda function", async () => {
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
