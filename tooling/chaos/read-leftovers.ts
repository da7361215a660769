import { messageHash, type HistorySink } from "@anyqueue/conformance";
import {
  deadLetters,
  type QueueClient,
  type QueueConsumer,
  type QueueDefinition,
  type ReceivedMessage,
} from "@anyqueue/core";
import { QUEUE, type ChaosBody } from "./chaos-queue.ts";

/** Empty asks in a row that prove a queue empty. */
const EMPTY_POLLS = 3;
/** What is not empty by then is not proved to be. */
const MAX_ASKS = 200;

/** How the end of a cell is looked at. */
export interface Leftovers {
  readonly client: QueueClient;
  readonly definition: QueueDefinition<ChaosBody, ChaosBody>;
  readonly watcher: HistorySink;
  /** Lets every lease and delay run out. */
  expireLeases(): Promise<void>;
  /** What the service itself says that there is; absent where it cannot be asked. */
  depths?(): Promise<Depths>;
}

/** Messages in a queue and in its dead letters. */
export interface Depths {
  readonly queue: number;
  readonly dead: number;
}

/** Reads what is in the dead letters and still in the queue, and writes it down. The consumers have ended. */
export async function readLeftovers({
  client,
  definition,
  watcher,
  expireLeases,
  depths,
}: Leftovers): Promise<void> {
  await expireLeases();
  const graveyard = client.consumer(deadLetters(definition));
  for await (const letter of untilEmpty(graveyard, async () => (await depths?.())?.dead)) {
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
  for await (const message of untilEmpty(rest, async () => (await depths?.())?.queue)) {
    watcher.write("drain.deliver", watcher.operation(), { mid: message.id, dest: QUEUE });
    await message.ack();
  }
  await rest.close();
  const depth = (await depths?.())?.queue;
  watcher.write("drain.end", watcher.operation(), {
    dest: QUEUE,
    emptyPolls: EMPTY_POLLS,
    ...(depth === undefined ? {} : { depth }),
  });
}

/** Everything, until several asks in a row bring nothing and the service says so, where it can. */
async function* untilEmpty<Body>(
  consumer: QueueConsumer<Body>,
  depth: () => Promise<number | undefined>,
): AsyncGenerator<ReceivedMessage<Body>> {
  for (let empty = 0, asks = 0; empty < EMPTY_POLLS && asks < MAX_ASKS; asks += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one ask after the other is what proves it
    const messages = await consumer.receive({ max: 10, wait: "300ms" });
    // oxlint-disable-next-line no-await-in-loop
    const isEmpty = messages.length === 0 && ((await depth()) ?? 0) === 0;
    empty = isEmpty ? empty + 1 : 0;
    yield* messages;
  }
}
