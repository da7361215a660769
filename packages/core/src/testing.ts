import type { Delivery, OutgoingMessage } from "./driver/delivery.ts";
import { json } from "./index.ts";

export { decodeDelivery, rawMessage } from "./message/decode-message.ts";
export { detailsOf, type DefinitionDetails } from "./message/queue-definition.ts";
export { seededRandom } from "./time/seeded-random.ts";
export { createVirtualClock, type VirtualClock, type VirtualClockOptions } from "./time/virtual-clock.ts";

const EMPTY_JSON = json().encode({});

/**
 * A message to send, for tests of a driver. Has the id `message-1` and the JSON body `{}`; `over` replaces
 * members.
 */
export function outgoing(over: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return { id: "message-1", body: EMPTY_JSON, contentType: "application/json", attributes: {}, ...over };
}

/**
 * A delivery for tests. Has the ids `message-1` and `stored-1` (the provider's) and the JSON body `{}`;
 * `over` replaces members.
 */
export function delivery<Handle>(handle: Handle, over: Partial<Delivery<Handle>> = {}): Delivery<Handle> {
  return {
    handle,
    id: "message-1",
    providerId: "stored-1",
    body: EMPTY_JSON,
    contentType: "application/json",
    attributes: {},
    native: undefined,
    ...over,
  };
}
