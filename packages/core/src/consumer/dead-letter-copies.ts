import type { Delivery, OutgoingMessage } from "../driver/delivery.ts";
import type { ConsumerDriver, DeadLetterItem, ItemResult, ProducerDriver } from "../driver/driver.ts";
import type { Target } from "../driver/entity.ts";
import { QueueError } from "../errors/queue-error.ts";
import { deadLetterMessage } from "./dead-letter.ts";
import { alignedResults } from "./results-of-alive.ts";

/** Where copies go. */
export interface DeadLetterCopies {
  readonly producer: ProducerDriver;
  readonly target: Target;
}

/**
 * The `deadLetterBatch` of an event whose platform dead-letters nothing itself: a copy of each message is sent, in one
 * request. The caller reports a message as handled once its copy is confirmed: a crash in between leaves both, never none.
 *
 * A message without a fitting copy fails alone (`MESSAGE_TOO_LARGE`). Rejects only if the request as a whole does.
 *
 * @param deliveries all that the event brought, so that a handle leads to its message
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
      // A foreign message says no content type: empty means none to every reader.
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
    const answers = fitting.length === 0 ? [] : await producer.sendBatch(fitting, signal);
    const sent = alignedResults("send", fitting.length, answers).values();
    return copies.map((copy): ItemResult => {
      const result = copy.ok ? sent.next().value : copy;
      return result?.ok === true ? SENT : { ok: false, error: result?.error };
    });
  };
}

function notOfThisEvent({ name }: Target): QueueError {
  return new QueueError("INTERNAL", {
    what: "the delivery to dead-letter is not one of this event",
    target: name,
    operation: "deadLetter",
  });
}

const SENT: ItemResult = Object.freeze({ ok: true, value: undefined });
