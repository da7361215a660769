import type { QueueConsumer, ReceivedMessage } from "@anyqueue/core";

/** Pulls until `count` messages are held; a broker may return fewer than requested per reply. */
export async function pullAll<B>(
  consumer: QueueConsumer<B>,
  count: number,
): Promise<readonly ReceivedMessage<B>[]> {
  const pulled: ReceivedMessage<B>[] = [];
  while (pulled.length < count)
    pulled.push(...(await consumer.receive({ max: count - pulled.length, wait: "5s" })));
  return pulled;
}
