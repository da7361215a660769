import type { ReceivedMessage } from "@anyqueue/core";
import type { Bench } from "./bench.ts";
import { pullAll } from "./pull-all.ts";
import type { TestQueue } from "./test-queue.ts";

/** Takes `count` dead letters and makes sure that there are no more. */
export async function takeDeadLetters(
  bench: Bench,
  queue: TestQueue,
  count: number,
): Promise<readonly ReceivedMessage<Uint8Array>[]> {
  const consumer = queue.deadLetterConsumer();
  const dead = await bench.settled(`${count} dead letters`, pullAll(consumer, count));
  for (const message of dead) await bench.settled("the ack is confirmed", message.ack());
  await assertNoDeadLetters(bench, queue);
  return dead;
}

export async function assertNoDeadLetters(bench: Bench, queue: TestQueue): Promise<void> {
  const more = await bench.settled("the dead letters answer", queue.deadLetterConsumer().receive());
  if (more.length > 0)
    throw new Error(`an unexpected dead letter: ${more[0]?.deadLettered?.reason ?? "no reason"}`);
}

/** Parses the body of a dead letter, which arrives as bytes. */
export function parseBody(message: { readonly body: Uint8Array }): unknown {
  return JSON.parse(new TextDecoder().decode(message.body));
}
