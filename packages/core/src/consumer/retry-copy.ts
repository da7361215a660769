import type { Delivery, OutgoingMessage } from "../driver/delivery.ts";
import type { Target } from "../driver/entity.ts";
import type { QueueError } from "../errors/queue-error.ts";
import { RESERVED } from "../message/attributes.ts";
import { copyOf } from "../message/copy-of.ts";
import type { DefinitionDetails } from "../message/queue-definition.ts";
import { attemptOf } from "./attempt-of.ts";
import { createCopySender, type CopyRouteOptions } from "./dead-letter.ts";

/** Sends a delayed retry as a new message, where the service can delay messages but not redeliveries. */
export interface RetryRoute {
  /** False: the message would expire before the retry. */
  takes(delivery: Delivery<unknown>, delayMs: number): boolean;
  /** Sends the copy; the caller then acks the original. Never rejects: resolves with the error, if any. */
  send(delivery: Delivery<unknown>, delayMs: number): Promise<QueueError | undefined>;
  close(): Promise<void>;
}

/**
 * True where a copy means the same as the message itself. Not on a topic, which would copy it to every
 * subscription. Not where order is kept, because the copy would lose its place.
 */
export function canCopyRetries({ kind, emulate }: DefinitionDetails, { capabilities }: Target): boolean {
  const { releaseDelay, sendDelay, ordering } = capabilities;
  if (kind !== "queue" || !emulate.includes("delay")) return false;
  return releaseDelay === "none" && sendDelay !== "none" && ordering === "none";
}

export function createRetryRoute(options: CopyRouteOptions): RetryRoute {
  const { clock, contentType, target } = options;
  const { sendDelay } = target.capabilities;
  const longestMs = sendDelay === "none" ? 0 : sendDelay.maxMs;
  const dueAtMs = (delayMs: number): number => clock.wallNow() + Math.min(delayMs, longestMs);
  const { send, close } = createCopySender(options);
  return {
    takes: ({ expiresAtMs }, delayMs) => expiresAtMs === undefined || expiresAtMs > dueAtMs(delayMs),
    send: async (delivery, delayMs) => await send(() => retryCopy(delivery, dueAtMs(delayMs), contentType)),
    close,
  };
}

/** The message as it came, due later, with the attempts that the service cannot count for the copy. */
function retryCopy(delivery: Delivery<unknown>, deliverAtMs: number, contentType: string): OutgoingMessage {
  const { attributes, providerId, expiresAtMs } = delivery;
  const attempt = attemptOf(delivery);
  return copyOf(delivery, contentType, {
    attributes: { ...attributes, [RESERVED.attempts]: String(attempt) },
    // Deduplication drops a second copy of this attempt after a crash, but not that of the next attempt.
    deduplicationId: `${providerId}-${attempt}`,
    deliverAtMs,
    ...(expiresAtMs !== undefined && { ttlMs: expiresAtMs - deliverAtMs }),
  });
}
