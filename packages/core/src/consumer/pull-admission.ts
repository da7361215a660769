import type { Delivery } from "../driver/delivery.ts";
import { decodeDelivery } from "../message/decode-message.ts";
import type { ReceivedMessage } from "../queue-consumer.ts";
import type { Engine } from "./engine.ts";
import type { HeldDelivery } from "./held-delivery.ts";
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
  if (engine.admission.acksAgain(held, engine.time.quick()) || !engine.admission.admit(held))
    return undefined;
  try {
    const message = await decodeDelivery(engine.rules.details, held.delivery);
    return { message: pulledMessage(message, held, engine), held };
  } catch (error) {
    const { outcome } = await processInvalid(engine.rules, held.delivery, error);
    if (held.state === "waiting") engine.executor.apply(held, outcome);
    return undefined;
  }
}

/** Takes deliveries in hand, except for those that a delivery in hand takes over. */
export function holdAll(engine: Engine, deliveries: readonly Delivery<unknown>[]): HeldDelivery[] {
  const nowMs = engine.time.quick();
  return deliveries
    .filter((delivery) => !engine.admission.takesOver(delivery, 0, nowMs))
    .map((delivery) => engine.admission.hold(delivery, undefined, 0, 0, nowMs));
}
