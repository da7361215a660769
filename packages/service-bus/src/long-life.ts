import type { ServiceBusMessageBatch } from "@azure/service-bus";
import { MAX_HEADER_TTL_MS } from "./service-bus-limits.ts";
import type { EncodedMessage } from "./service-bus-wire.ts";

/** Either of the SDK's two message forms. */
type SdkForm = Parameters<ServiceBusMessageBatch["tryAddMessage"]>[0];

/**
 * Returns the message in the only form in which the SDK sends a long time to live in full. In its own form
 * the SDK silently cuts it to 49 days (7.9.5).
 */
export function longLived(message: EncodedMessage): SdkForm {
  const { body, timeToLive = 0, applicationProperties, scheduledEnqueueTimeUtc } = message;
  if (timeToLive <= MAX_HEADER_TTL_MS) return message;
  const { messageId, contentType, correlationId, replyTo, subject, sessionId } = message;
  const properties = { messageId, contentType, correlationId, replyTo, subject, groupId: sessionId };
  const due = scheduledEnqueueTimeUtc && { "x-opt-scheduled-enqueue-time": scheduledEnqueueTimeUtc };
  return {
    body,
    bodyType: "data",
    header: { timeToLive },
    properties: Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined)),
    applicationProperties,
    messageAnnotations: { ...due },
  };
}
