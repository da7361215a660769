import type { Message } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { BatchGatherer, type GatherOptions } from "./batch-gatherer.ts";

const numbered = (count: number, body = "x"): Message[] =>
  Array.from({ length: count }, (_, index) => ({ MessageId: `m${index}`, Body: body }));

/** Answers one receive request after the other; after that the queue is empty. */
function gathering(answers: readonly (readonly Message[])[], options: Partial<GatherOptions> = {}) {
  const asks: number[] = [];
  const left = [...answers];
  const receive = async (max: number): Promise<readonly Message[]> => {
    asks.push(max);
    return left.shift() ?? [];
  };
  const gatherer = new BatchGatherer(
    { receive },
    { queueArn: "arn:aws:sqs:eu-west-1:000000000000:orders", batchSize: 10, windowMs: 0, ...options },
  );
  return { gatherer, asks };
}

const RUNNING = new AbortController().signal;

describe("a batch", () => {
  test("without a window is what one ask brings", async () => {
    const { gatherer, asks } = gathering([numbered(3), numbered(2)]);
    expect((await gatherer.next(RUNNING))?.messages).toHaveLength(3);
    expect((await gatherer.next(RUNNING))?.messages).toHaveLength(2);
    expect(await gatherer.next(RUNNING)).toBeUndefined();
    expect(asks).toEqual([10, 10, 10]);
  });

  test("with a window goes as soon as it is full", async () => {
    const { gatherer, asks } = gathering([numbered(10), numbered(10), numbered(5)], {
      batchSize: 25,
      windowMs: 60_000,
    });
    expect((await gatherer.next(RUNNING))?.messages).toHaveLength(25);
    expect(asks).toEqual([25, 15, 5]);
  });

  test("holds six megabytes at most, and the rest is the next one's", async () => {
    const { gatherer } = gathering([numbered(8, "x".repeat(1_000_000))]);
    const first = await gatherer.next(RUNNING);
    expect(first?.messages).toHaveLength(6);
    expect(Buffer.byteLength(first?.event ?? "")).toBeLessThan(6 * 1024 * 1024);
    expect((await gatherer.next(RUNNING))?.messages.map(({ MessageId }) => MessageId)).toEqual(["m6", "m7"]);
  });

  test("is none after the end, and what was gathered is known", async () => {
    const stop = new AbortController();
    const { gatherer } = gathering([numbered(3)], { windowMs: 60_000 });
    const next = gatherer.next(stop.signal);
    stop.abort();
    expect(await next).toBeUndefined();
    expect(gatherer.held).toHaveLength(3);
  });
});
