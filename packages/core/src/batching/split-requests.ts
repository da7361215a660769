import type { OutgoingMessage } from "../driver/delivery.ts";
import type { ProducerDriver } from "../driver/driver.ts";
import type { Target } from "../driver/entity.ts";

/**
 * Splits messages, in their order, into requests as the target takes them: by count, by the bytes of all
 * together (as SQS counts), and by key where a request holds one key only. A larger message goes alone.
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
