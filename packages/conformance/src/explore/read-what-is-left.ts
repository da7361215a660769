import { deadLetters, type QueueClient, type QueueDefinition } from "@anyqueue/core";
import type { HistorySink } from "../history/history-writer.ts";
import { messageHash } from "../history/message-hash.ts";
import { EXPLORED_QUEUE, type ExploredBody } from "./explored-queue.ts";
import { EMPTY_POLLS, untilEmpty } from "./until-empty.ts";

/** Takes out the dead letters and what is left, and writes them down. */
export async function readWhatIsLeft(
  client: QueueClient,
  definition: QueueDefinition<ExploredBody>,
  watcher: HistorySink,
): Promise<void> {
  const graveyard = client.consumer(deadLetters(definition));
  for await (const letter of untilEmpty(graveyard)) {
    const { id: mid, providerId: bid, attributes, body, deadLettered } = letter;
    const hash = messageHash(body, attributes);
    const reason = deadLettered?.reason;
    const members = { mid, bid, hash, ...(reason === undefined ? {} : { reason }) };
    watcher.write("dlq.deliver", watcher.operation(), members);
    await letter.ack();
  }
  await graveyard.close();
  watcher.write("drain.start", watcher.operation(), { dest: EXPLORED_QUEUE });
  const rest = client.consumer(definition);
  for await (const message of untilEmpty(rest)) {
    watcher.write("drain.deliver", watcher.operation(), { mid: message.id, dest: EXPLORED_QUEUE });
    await message.ack();
  }
  watcher.write("drain.end", watcher.operation(), { dest: EXPLORED_QUEUE, emptyPolls: EMPTY_POLLS });
  await rest.close();
}
