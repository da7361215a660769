import type { Delivery, MessageView, WireState } from "../../engine/contract.ts";
import { FOREVER_MS } from "../../engine/entity-settings.ts";
import { encode } from "../transport/amqp-encoder.ts";
import {
  boolean,
  composite,
  entriesOf,
  int,
  long,
  map,
  NULL,
  string,
  symbol,
  textOf,
  timestamp,
  uint,
  type AmqpEntry,
  type AmqpValue,
} from "../transport/amqp-value.ts";
import { writeExpiry } from "./message-fields.ts";
import { SECTION } from "./sections.ts";
import { WireMessage } from "./wire-message.ts";

/** Converts engine time to the clients' time, in milliseconds. */
export type ToWireTime = (engineMs: number) => number;

const MAX_UINT = 0xff_ff_ff_ff;

const STATE_CODES: Readonly<Record<WireState, number>> = { active: 0, deferred: 1, scheduled: 2 };

/** Annotations that only the broker writes. A sender's values for them are dropped. */
const BROKER_ANNOTATIONS: ReadonlySet<string | undefined> = new Set([
  "x-opt-sequence-number",
  "x-opt-enqueue-sequence-number",
  "x-opt-enqueued-time",
  "x-opt-locked-until",
  "x-opt-message-state",
  "x-opt-deadletter-source",
  "x-opt-scheduled-enqueue-time",
]);

/** Encodes a message for a receiver: a new header and new annotations, followed by what the sender wrote. */
export function encodeDelivery(delivery: Delivery, toWireTime: ToWireTime): Buffer {
  return encodeMessage(delivery.message, delivery.lockedUntilMs, toWireTime);
}

/**
 * Encodes a message for a response of `$management`, where no delivery tag carries the lock token. Clients
 * such as azservicebus 1.11.0 for Go look for the token in the delivery annotations.
 */
export function encodeDeferred(delivery: Delivery, toWireTime: ToWireTime): Buffer {
  return encodeMessage(delivery.message, delivery.lockedUntilMs, toWireTime, delivery.lockToken);
}

/** Encodes a message without a lock. */
export function encodePeeked(message: MessageView, toWireTime: ToWireTime): Buffer {
  return encodeMessage(message, undefined, toWireTime);
}

function encodeMessage(
  view: MessageView,
  lockedUntilMs: number | undefined,
  toWireTime: ToWireTime,
  lockToken?: string,
): Buffer {
  const { content } = view;
  if (!(content instanceof WireMessage)) throw new TypeError("A message did not come in over AMQP.");
  const head = [
    encode(composite(BigInt(SECTION.header), headerFields(view, content))),
    ...(lockToken === undefined ? [] : [encodeLockToken(lockToken)]),
    encodeMap(SECTION.messageAnnotations, annotationsOf(view, content, lockedUntilMs, toWireTime)),
  ];
  return Buffer.concat([...head, ...content.bareBytes(fieldsOf(view, content, toWireTime))]);
}

function encodeLockToken(lockToken: string): Buffer {
  return encodeMap(SECTION.deliveryAnnotations, [
    [symbol("x-opt-lock-token"), { type: "uuid", value: lockToken }],
  ]);
}

function encodeMap(section: number, entries: readonly AmqpEntry[]): Buffer {
  const descriptor = { type: "ulong", value: BigInt(section) } as const;
  return encode({ type: "described", descriptor, value: map(entries) });
}

function headerFields(view: MessageView, { frame }: WireMessage): readonly AmqpValue[] {
  const [durable, priority] = frame.header;
  const isLimited = view.timeToLiveMs !== FOREVER_MS;
  return [
    durable ?? NULL,
    priority ?? NULL,
    isLimited ? uint(Math.min(view.timeToLiveMs, MAX_UINT)) : NULL,
    boolean(view.deliveryCount === 0),
    uint(view.deliveryCount),
  ];
}

function annotationsOf(
  view: MessageView,
  { frame, properties }: WireMessage,
  lockedUntilMs: number | undefined,
  toWireTime: ToWireTime,
): readonly AmqpEntry[] {
  const entries = entriesOf(frame.annotations).filter(([key]) => !BROKER_ANNOTATIONS.has(textOf(key)));
  const add = (name: string, value: AmqpValue): void => {
    entries.push([symbol(name), value]);
  };
  add("x-opt-sequence-number", long(BigInt(view.sequenceNumber)));
  add("x-opt-enqueue-sequence-number", long(BigInt(view.enqueuedSequenceNumber)));
  add("x-opt-enqueued-time", timestamp(toWireTime(view.enqueuedAtMs)));
  add("x-opt-message-state", int(STATE_CODES[view.wireState]));
  if (lockedUntilMs !== undefined) add("x-opt-locked-until", timestamp(toWireTime(lockedUntilMs)));
  if (view.deadLetterSource !== undefined) add("x-opt-deadletter-source", string(view.deadLetterSource));
  if (properties.scheduledAtMs !== undefined) {
    add("x-opt-scheduled-enqueue-time", timestamp(toWireTime(properties.scheduledAtMs)));
  }
  return entries;
}

/** The two times tell how long a message lives. They are rewritten if the entity shortens its life. */
function fieldsOf(view: MessageView, content: WireMessage, toWireTime: ToWireTime): readonly AmqpValue[] {
  const given = content.properties.timeToLiveMs;
  if (view.timeToLiveMs === FOREVER_MS || given === view.timeToLiveMs || given === undefined) {
    return content.fields;
  }
  return writeExpiry(content.fields, {
    createdAtMs: toWireTime(view.enqueuedAtMs),
    expiresAtMs: toWireTime(view.enqueuedAtMs + view.timeToLiveMs),
  });
}
