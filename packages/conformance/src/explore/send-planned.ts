import type { QueueDefinition } from "@anyqueue/core";
import type { VirtualClock } from "@anyqueue/core/testing";
import { EXPLORED_QUEUE, type ExploredBody } from "./explored-queue.ts";
import type { Connected } from "./running-consumer.ts";
import type { PlannedMessage, Schedule } from "./schedule.ts";

/** After a failed send, a producer resumes its key after this time, in milliseconds. */
const RESUME_MS = 1_000;

/** Sends a message of a schedule, perhaps twice. Never rejects: the history records failed sends. */
export async function sendPlanned(
  message: PlannedMessage,
  schedule: Schedule,
  definition: QueueDefinition<ExploredBody>,
  { client, recorder }: Connected,
  clock: VirtualClock,
): Promise<void> {
  const { id, behaviour, delayMs, ttlMs, isSentAgain = false } = message;
  const key = `k-${message.key}`;
  const body = { id, key, ...(behaviour.poison === true ? { poison: true } : {}) };
  const options = {
    id,
    attributes: { from: "explorer" },
    ...(delayMs === undefined ? {} : { delay: `${delayMs}ms` as const }),
    ...(ttlMs === undefined ? {} : { ttl: `${ttlMs}ms` as const }),
  };
  const deduplicates = schedule.features?.needs?.includes("deduplication") === true;
  const place = {
    ...(schedule.ordered ? { key, kseq: schedule.messages.indexOf(message) } : {}),
    ...(deduplicates ? { dedup: id } : {}),
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  };
  const producer = client.producer(definition);
  const send = async (): Promise<void> => {
    await recorder.send(producer, EXPLORED_QUEUE, body, options, place).catch(() => {
      // Unless it is resumed, the key stays latched, so its later messages are refused.
      if (schedule.resumesKeys === true) clock.setTimer(() => producer.resume(key), RESUME_MS);
    });
  };
  await send();
  if (isSentAgain) await send();
}
