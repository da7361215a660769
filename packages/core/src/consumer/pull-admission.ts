import type { Delivery } from "../driver/delivery.ts";
import { decodeDelivery } from "../message/decode-message.ts";
import type { ReceivedMessage } from "../queue-consumer.ts";
import type { Engine } from "./engine.ts";
import type { HeldDelivery } from "./held-delivery.ts";
import { leaseLost } from "./lease.ts";
import { processInvalid } from "./process-delivery.ts";
import { pulledMessage } from "./pulled-message.ts";

export interface PulledMessage {
  readonly message: ReceivedMessage<unknown>;
  readonly held: HeldDelivery;
}

/** Decodes what can be handed over; the result is aligned. */
export async function admitAll(
  held: readonly HeldDelivery[],
  engine: Engine,
): Promise<readonly (PulledMessage | undefined)[]> {
  return await Promise.all(held.map(async (one) => await admitted(one, engine)));
}

/** Undefined: the message was dealt with already, or cannot be decoded. */
async function admitted(held: HeldDelivery, engine: Engine): Promise<PulledMessage | undefined> {
  const { admission, executor, keeper, time } = engine;
  if (admission.acksAgain(held, time.quick())) return undefined;
  if (keeper.leftMs(held, time.quick()) <= 0) {
    executor.lost(held, leaseLost("the lease ran out before the message could be handed over"));
    return undefined;
  }
  if (!admission.admit(held)) return undefined;
  try {
    const message = await decodeDelivery(engine.rules.details, held.delivery);
    return { message: pulledMessage(message, held, engine), held };
  } catch (error) {
    const { outcome } = await processInvalid(engine.rules, held.delivery, error);
    if (held.state === "waiting") executor.apply(held, outcome);
    return undefined;
  }
}

/**
 * Takes deliveries in hand, except for those that a delivery in hand takes over.
 * `stalledMs`: how long they may have waited because this event loop was blocked.
 */
export function holdAll(
  { admission, time }: Engine,
  deliveries: readonly Delivery<unknown>[],
  stalledMs: number,
): HeldDelivery[] {
  const nowMs = time.quick();
  return deliveries
    .filter((delivery) => !admission.takesOver(delivery, stalledMs, nowMs))
    .map((delivery) => admission.hold(delivery, undefined, 0, stalledMs, nowMs));
}
