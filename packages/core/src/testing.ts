import type { Delivery, OutgoingMessage } from "./driver/delivery.ts";
import { json } from "./index.ts";

export { decodeDelivery, rawMessage } from "./message/decode-message.ts";
export { detailsOf, type DefinitionDetails } from "./message/queue-definition.ts";
export { seededRandom } from "./time/seeded-random.ts";
export { createVirtualClock, type VirtualClock, type VirtualClockOptions } from "./time/virtual-clock.ts";

const EMPTY_JSON = json().encode({});

/** A valid outgoing message for tests of drivers; `over` replaces fields. */
export function outgoing(over: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return { id: "message-1", body: EMPTY_JSON, contentType: "application/json", attributes: {}, ...over };
}

/** A delivery for tests of the engine; `over` replaces fields. */
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
