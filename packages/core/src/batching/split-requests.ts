import type { OutgoingMessage } from "../driver/delivery.ts";
import type { ProducerDriver } from "../driver/driver.ts";
import type { Target } from "../driver/entity.ts";

type Sizes = Pick<ProducerDriver, "sizeOf">;
type Bounds = Pick<Target, "limits" | "capabilities">;

/** Splits messages, in their order, into requests as the target takes them. */
export function splitRequests(
  messages: readonly OutgoingMessage[],
  producer: Sizes,
  target: Bounds,
): readonly (readonly OutgoingMessage[])[] {
  const requests: (readonly OutgoingMessage[])[] = [];
  for (let left = messages; left.length > 0;) {
    const count = countFitting(left, producer, target);
    requests.push(left.slice(0, count));
    left = left.slice(count);
  }
  return requests;
}

/**
 * Counts how many of the first messages one request takes: by count, by the bytes of all together (as SQS
 * counts), and by key where a request holds one key only. A larger message goes alone.
 */
export function countFitting(
  messages: readonly OutgoingMessage[],
  producer: Sizes,
  { limits, capabilities }: Bounds,
): number {
  const { maxItems, maxBytes, overheadBytes } = limits.send;
  let bytes = overheadBytes;
  const end = messages.findIndex((message, index) => {
    bytes += producer.sizeOf(message);
    const isSameKey = capabilities.batchKey === "mixed" || messages[0]?.orderingKey === message.orderingKey;
    return index > 0 && (index === maxItems || bytes > maxBytes || !isSameKey);
  });
  return end < 0 ? messages.length : end;
}
