import { messageHash, type HistorySink } from "@anyqueue/conformance";
import {
  deadLetters,
  type QueueClient,
  type QueueConsumer,
  type QueueDefinition,
  type ReceivedMessage,
} from "@anyqueue/core";
import { QUEUE, type ChaosBody } from "./chaos-queue.ts";

/** This many empty receives in a row prove that a queue is empty. */
const EMPTY_POLLS = 3;
const MAX_ASKS = 200;

/** What `readLeftovers` needs to read the end of a cell. */
export interface Leftovers {
  readonly client: QueueClient;
  readonly definition: QueueDefinition<ChaosBody, ChaosBody>;
  readonly watcher: HistorySink;
  /** Makes every lease and delay run out. */
  expireLeases(): Promise<void>;
  /** The depths that the service itself reports. Absent if it cannot be asked. */
  depths?(): Promise<Depths>;
  /** After this many receives, a queue is not proved empty. @default 200 */
  readonly maxAsks?: number;
}

/** The number of messages in a queue and in its dead letters. */
export interface Depths {
  readonly queue: number;
  readonly dead: number;
}

/** Reads the dead letters and what is still in the queue into the history. The consumers must have ended. */
export async function readLeftovers(leftovers: Leftovers): Promise<void> {
  const { client, definition, watcher, expireLeases, depths } = leftovers;
  await expireLeases();
  const dead = { consumer: client.consumer(deadLetters(definition)), dest: `dead letters of ${QUEUE}` };
  const deadDepth = async (): Promise<number | undefined> => (await depths?.())?.dead;
  await drain(dead, leftovers, deadDepth, ({ id: mid, providerId: bid, attributes, body, deadLettered }) => {
    const hash = messageHash(body, attributes);
    const reason = deadLettered?.reason;
    const members = { mid, bid, hash, ...(reason === undefined ? {} : { reason }) };
    watcher.write("dlq.deliver", watcher.operation(), members);
  });
  const rest = { consumer: client.consumer(definition), dest: QUEUE };
  const restDepth = async (): Promise<number | undefined> => (await depths?.())?.queue;
  await drain(rest, leftovers, restDepth, ({ id: mid }) => {
    watcher.write("drain.deliver", watcher.operation(), { mid, dest: QUEUE });
  });
}

/** Takes everything out until several receives in a row are empty and, if it can tell, the service agrees. */
async function drain<Body>(
  { consumer, dest }: { readonly consumer: QueueConsumer<Body>; readonly dest: string },
  { watcher, maxAsks = MAX_ASKS }: Leftovers,
  depthNow: () => Promise<number | undefined>,
  note: (message: ReceivedMessage<Body>) => void,
): Promise<void> {
  let emptyPolls = 0;
  let depth: number | undefined;
  for (let asks = 0; emptyPolls < EMPTY_POLLS && asks < maxAsks; asks += 1) {
    // oxlint-disable-next-line no-await-in-loop -- only receives in sequence prove it
    const messages = await consumer.receive({ max: 10, wait: "300ms" });
    // oxlint-disable-next-line no-await-in-loop
    depth = await depthNow();
    emptyPolls = messages.length === 0 && (depth ?? 0) === 0 ? emptyPolls + 1 : 0;
    for (const message of messages) {
      note(message);
      // oxlint-disable-next-line no-await-in-loop -- each message is removed before the next is noted
      await message.ack();
    }
  }
  await consumer.close();
  const end = { dest, emptyPolls, ...(depth === undefined ? {} : { depth }) };
  watcher.write("drain.end", watcher.operation(), end);
}
