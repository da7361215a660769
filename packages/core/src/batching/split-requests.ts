import type { OutgoingMessage } from "../driver/delivery.ts";
import type { ProducerDriver } from "../driver/driver.ts";
import type { Target } from "../driver/entity.ts";

/**
 * Requests as a target takes them, in the order of the messages: by count, by the bytes of all together (SQS counts them so),
 * and by key where it wants one. A message that is larger goes alone.
 */
export function splitRequests(
  messages: readonly OutgoingMessage[],
  producer: Pick<ProducerDriver, "sizeOf">,
  { limits, capabilities }: Pick<Target, "limits" | "capabilities">,
): readonly (readonly OutgoingMessage[])[] {
  const { maxItems, maxBytes, overheadBytes } = limits.send;
  const requests: OutgoingMessage[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const messageBytes = producer.sizeOf(message);
    const last = requests.at(-1);
    const isSameKey = capabilities.batchKey === "mixed" || last?.[0]?.orderingKey === message.orderingKey;
    if (last !== undefined && last.length < maxItems && bytes + messageBytes <= maxBytes && isSameKey) {
      last.push(message);
      bytes += messageBytes;
    } else {
      requests.push([message]);
      bytes = overheadBytes + messageBytes;
    }
  }
  return requests;
}
