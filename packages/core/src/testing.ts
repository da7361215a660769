import type { Delivery, OutgoingMessage } from "./driver/delivery.ts";
import { json } from "./index.ts";

export { decodeDelivery, rawMessage } from "./message/decode-message.ts";
export { detailsOf, type DefinitionDetails } from "./message/queue-definition.ts";
export { seededRandom } from "./time/seeded-random.ts";
export { createVirtualClock, type VirtualClock, type VirtualClockOptions } from "./time/virtual-clock.ts";

const EMPTY_JSON = json().encode({});

/** A test message: id `message-1`, JSON body `{}`; `over` replaces members. */
export function outgoing(over: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return { id: "message-1", body: EMPTY_JSON, contentType: "application/json", attributes: {}, ...over };
}

/** A test delivery: id `message-1`, provider's id `stored-1`, JSON body `{}`; `over` replaces members. */
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
