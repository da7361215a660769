import type { Delivery } from "../driver/delivery.ts";
import { QueueError } from "../errors/queue-error.ts";
import { redactShort } from "../errors/redact.ts";
import { unheard } from "../errors/unheard.ts";
import type { DeadLetterDetails, Message } from "../queue-consumer.ts";
import { askSchema } from "./ask-schema.ts";
import { RESERVED, userAttributes } from "./attributes.ts";
import { codecFor, textFormOf } from "./codec.ts";
import type { DefinitionDetails } from "./queue-definition.ts";
import { withoutUndefined } from "./without-undefined.ts";

/**
 * Returns the message for a handler: decoded by its content type, with the schema's output as its body.
 * Synchronous unless the schema is asynchronous.
 * @throws INVALID_MESSAGE (or rejects with it) if the message is malformed, has an unknown content type,
 * cannot be decoded or is refused by its schema
 */
export function decodeDelivery(
  details: DefinitionDetails,
  delivery: Delivery<unknown>,
): Message<unknown> | Promise<Message<unknown>> {
  if (details.kind === "dead-letter") return rawMessage(delivery);
  const decoded = decodeBody(details, delivery);
  if (details.schema === undefined) return messageOf(delivery, decoded);
  const result = askSchema(details.schema, decoded, "the body does not fit its schema", schemaThrew);
  if (result instanceof Promise) return result.then(({ value }) => messageOf(delivery, value));
  return messageOf(delivery, result.value);
}

/** Returns the message with its bytes as received; never throws. */
export function rawMessage(delivery: Delivery<unknown>): Message<Uint8Array> {
  return messageOf(delivery, delivery.body);
}

function decodeBody(details: DefinitionDetails, delivery: Delivery<unknown>): unknown {
  if (delivery.malformed !== undefined) {
    const why = redactShort(delivery.malformed); // it may quote the message
    throw new QueueError("INVALID_MESSAGE", { what: `the message is malformed: ${why}` });
  }
  const codec = codecFor(delivery.contentType, details.codec);
  const form = delivery.text === undefined ? undefined : textFormOf(codec);
  let decoded: unknown;
  try {
    decoded = form === undefined ? codec.decode(delivery.body) : form.decode(delivery.text ?? "");
  } catch (error) {
    if (error instanceof QueueError) throw error;
    throw new QueueError("INVALID_MESSAGE", {
      what: `the codec ${codec.contentType} cannot decode the body (${delivery.body.byteLength} bytes)`,
      cause: error,
    });
  }
  if (!(unheard(decoded) instanceof Promise)) return decoded;
  const what = `the codec ${codec.contentType} gave a promise, it must decode synchronously`;
  throw new QueueError("INVALID_MESSAGE", { what });
}

/** `retryable`: an asynchronous schema rejects if whatever it asks is down, which says nothing of the message. */
function schemaThrew(error: unknown, retryable: boolean): QueueError {
  return new QueueError("INVALID_MESSAGE", {
    what: "the schema threw while it checked the body",
    retryable,
    cause: error,
  });
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

function messageOf<Body>(delivery: Delivery<unknown>, body: Body): Message<Body> {
  const message = usualFields(delivery, body);
  if (message.enqueuedAt === undefined && delivery.enqueuedAtMs !== undefined)
    message.enqueuedAt = new Date(delivery.enqueuedAtMs);
  if (delivery.attributeTypes !== undefined) message.attributeTypes = delivery.attributeTypes;
  if (delivery.orderingKey !== undefined) message.orderingKey = delivery.orderingKey;
  if (delivery.correlationId !== undefined) message.correlationId = delivery.correlationId;
  if (delivery.replyTo !== undefined) message.replyTo = delivery.replyTo;
  const deadLettered = deadLetterDetails(delivery);
  if (deadLettered !== undefined) message.deadLettered = deadLettered;
  return message;
}

/** Sets the fields that nearly all messages have at creation: a field added later takes more memory. */
function usualFields<Body>(delivery: Delivery<unknown>, body: Body): Writable<Message<Body>> {
  const { id, providerId, native, contentType, enqueuedAtMs } = delivery;
  const attributes = userAttributes(delivery.attributes);
  if (contentType === undefined) return { id, body, attributes, providerId, native };
  if (enqueuedAtMs === undefined) return { id, body, attributes, providerId, native, contentType };
  const enqueuedAt = new Date(enqueuedAtMs);
  return { id, body, attributes, providerId, native, contentType, enqueuedAt };
}

/** The core's own record comes first, because the service's has neither attempts nor times. */
function deadLetterDetails(delivery: Delivery<unknown>): DeadLetterDetails | undefined {
  const own = delivery.attributes;
  const native = delivery.deadLetter;
  if (native === undefined && own[RESERVED.deadReason] === undefined) return undefined;
  const attempts = Number(own[RESERVED.deadAttempts] ?? Number.NaN);
  return withoutUndefined({
    reason: own[RESERVED.deadReason] ?? native?.reason,
    description: own[RESERVED.deadDescription] ?? native?.description,
    source: own[RESERVED.deadSource] ?? native?.source,
    attempts: Number.isFinite(attempts) ? attempts : undefined,
    firstEnqueuedAt: dateOf(own[RESERVED.deadFirst]),
    deadLetteredAt: dateOf(own[RESERVED.deadLast]),
  });
}

/** Reads epoch milliseconds, or a date as text from other writers. */
function dateOf(value: string | undefined): Date | undefined {
  if (value === undefined) return undefined;
  const date = new Date(/^\d+$/.test(value) ? Number(value) : value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
