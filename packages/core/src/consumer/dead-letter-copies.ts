import { splitRequests } from "../batching/split-requests.ts";
import type { Delivery, OutgoingMessage } from "../driver/delivery.ts";
import type {
  ConsumerDriver,
  DeadLetterItem,
  ItemResult,
  ProducerDriver,
  SendReceipt,
} from "../driver/driver.ts";
import type { Target } from "../driver/entity.ts";
import { QueueError } from "../errors/queue-error.ts";
import { deadLetterMessage } from "./dead-letter.ts";
import { alignedResults, isReceipt } from "./results-of-alive.ts";

/** Where copies of dead letters go. */
export interface DeadLetterCopies {
  /** Sends to `target`. */
  readonly producer: ProducerDriver;
  /** The queue for dead letters. */
  readonly target: Target;
}

/**
 * The `deadLetterBatch` of an event whose platform cannot dead-letter: it sends a copy of each message, as
 * many in one request as it takes. The caller reports a message as handled once its copy is confirmed, so a
 * crash in between leaves both, never neither.
 *
 * A message whose copy does not fit fails alone (`MESSAGE_TOO_LARGE`). A request that fails as a whole fails
 * all its messages. Never rejects.
 *
 * @param deliveries all deliveries of the event, to find the message of a handle
 */
export function deadLetterByCopies<Handle>(
  deliveries: readonly Delivery<Handle>[],
  { producer, target }: DeadLetterCopies,
): NonNullable<ConsumerDriver<Handle>["deadLetterBatch"]> {
  let byHandle: ReadonlyMap<Handle, Delivery<Handle>> | undefined;
  const copyOf = (item: DeadLetterItem<Handle>): ItemResult<OutgoingMessage> => {
    byHandle ??= new Map(deliveries.map((delivery) => [delivery.handle, delivery]));
    const delivery = byHandle.get(item.handle);
    if (delivery === undefined) return { ok: false, error: notOfThisEvent(target) };
    try {
      // A foreign message may carry no content type: every reader takes an empty one as none.
      return {
        ok: true,
        value: deadLetterMessage(delivery, item, { driver: producer, target, contentType: "" }),
      };
    } catch (error) {
      return { ok: false, error };
    }
  };
  return async (items, signal) => {
    const copies = items.map((item) => copyOf(item));
    const fitting = copies.flatMap((copy) => (copy.ok ? [copy.value] : []));
    const sent: ItemResult<SendReceipt>[] = [];
    for (const request of splitRequests(fitting, producer, target)) {
      // One after the other, to keep the order of messages with one key.
      // oxlint-disable-next-line no-await-in-loop
      sent.push(...(await resultsOf(producer, request, signal)));
    }
    const results = sent.values();
    return copies.map((copy): ItemResult => {
      const result = copy.ok ? results.next().value : copy;
      return result?.ok === true ? SENT : { ok: false, error: result?.error };
    });
  };
}

async function resultsOf(
  producer: ProducerDriver,
  copies: readonly OutgoingMessage[],
  signal: AbortSignal,
): Promise<readonly ItemResult<SendReceipt>[]> {
  try {
    return alignedResults("send", copies.length, await producer.sendBatch(copies, signal), isReceipt);
  } catch (error) {
    return copies.map(() => ({ ok: false, error }));
  }
}

function notOfThisEvent({ name }: Target): QueueError {
  return new QueueError("INTERNAL", {
    what: "the delivery to dead-letter is not one of this event",
    target: name,
    operation: "deadLetter",
  });
}

const SENT: ItemResult = Object.freeze({ ok: true, value: undefined });
