import { messageHash, type HistorySink } from "@anyqueue/conformance";
import { deadLetters, type QueueClient, type QueueConsumer, type ReceivedMessage } from "@anyqueue/core";
import { QUEUE, type ChaosBody } from "./chaos-queue.ts";
import type { QueueDefinition } from "@anyqueue/core";

/** Empty asks in a row that prove a queue empty. */
const EMPTY_POLLS = 3;

/** How the end of a cell is looked at. */
export interface Leftovers {
  readonly client: QueueClient;
  readonly definition: QueueDefinition<ChaosBody, ChaosBody>;
  readonly watcher: HistorySink;
  /** Lets every lease and delay run out. */
  expireLeases(): Promise<void>;
}

/** Reads what is in the dead letters and still in the queue, and writes it down. The consumers have ended. */
export async function readLeftovers({ client, definition, watcher, expireLeases }: Leftovers): Promise<void> {
  await expireLeases();
  const graveyard = client.consumer(deadLetters(definition));
  for await (const letter of untilEmpty(graveyard)) {
    const { id: mid, providerId: bid, attributes, body, deadLettered } = letter;
    const reason = deadLettered?.reason;
    watcher.write("dlq.deliver", watcher.operation(), {
      mid,
      bid,
      hash: messageHash(body, attributes),
      ...(reason === undefined ? {} : { reason }),
    });
    await letter.ack();
  }
  await graveyard.close();
  const rest = client.consumer(definition);
  for await (const message of untilEmpty(rest)) {
    watcher.write("drain.deliver", watcher.operation(), { mid: message.id, dest: QUEUE });
    await message.ack();
  }
  await rest.close();
  watcher.write("drain.end", watcher.operation(), { dest: QUEUE, emptyPolls: EMPTY_POLLS });
}

/** Everything, until several asks in a row bring nothing. */
async function* untilEmpty<Body>(consumer: QueueConsumer<Body>): AsyncGenerator<ReceivedMessage<Body>> {
  for (let empty = 0; empty < EMPTY_POLLS;) {
    // oxlint-disable-next-line no-await-in-loop -- one ask after the other is what proves it
    const messages = await consumer.receive({ max: 10, wait: "300ms" });
    empty = messages.length === 0 ? empty + 1 : 0;
    yield* messages;
  }
}
