import { randomBytes } from "node:crypto";
import type { MessageProperties } from "../../engine/message-content.ts";
import {
  entryOf,
  NULL,
  numberOf,
  optional,
  string,
  symbol,
  textOf,
  timestamp,
  type AmqpValue,
} from "../transport/amqp-value.ts";

/** Positions of the fields in a properties section. */
export const FIELD = {
  messageId: 0,
  to: 2,
  subject: 3,
  replyTo: 4,
  correlationId: 5,
  contentType: 6,
  absoluteExpiryTime: 8,
  creationTime: 9,
  groupId: 10,
  replyToGroupId: 12,
} as const;

/** The sections of a message before its properties section. */
export interface MessageFrame {
  /** Fields of the header section. */
  readonly header: readonly AmqpValue[];
  readonly annotations: AmqpValue | undefined;
}

/** Converts the sender's time to engine time. */
export type ToEngineTime = (wireMs: number) => number;

const HEADER_TTL = 2;

/** Adds an id if there is none, because the SDK cannot renew a message's lock without one. */
export function withMessageId(fields: readonly AmqpValue[]): readonly AmqpValue[] {
  const id = fields[FIELD.messageId];
  if (id !== undefined && id.type !== "null") return fields;
  return [string(randomBytes(16).toString("hex")), ...fields.slice(1)];
}

export function readProperties(
  fields: readonly AmqpValue[],
  { header, annotations }: MessageFrame,
  toEngineTime: ToEngineTime,
): MessageProperties {
  const scheduledAt = numberOf(entryOf(annotations, "x-opt-scheduled-enqueue-time"));
  return {
    messageId: idText(fields[FIELD.messageId]) ?? "",
    correlationId: idText(fields[FIELD.correlationId]),
    to: textOf(fields[FIELD.to]),
    replyTo: textOf(fields[FIELD.replyTo]),
    subject: textOf(fields[FIELD.subject]),
    contentType: textOf(fields[FIELD.contentType]),
    sessionId: textOf(fields[FIELD.groupId]),
    replyToSessionId: textOf(fields[FIELD.replyToGroupId]),
    partitionKey: textOf(entryOf(annotations, "x-opt-partition-key")),
    timeToLiveMs: timeToLive(fields, header),
    scheduledAtMs: scheduledAt === undefined ? undefined : toEngineTime(scheduledAt),
  };
}

/** Prefers the difference of the two times, because the header's value is clipped to 32 bits. */
function timeToLive(fields: readonly AmqpValue[], header: readonly AmqpValue[]): number | undefined {
  const created = numberOf(fields[FIELD.creationTime]);
  const expires = numberOf(fields[FIELD.absoluteExpiryTime]);
  if (created !== undefined && expires !== undefined && expires > created) return expires - created;
  return numberOf(header[HEADER_TTL]);
}

type FieldName = Exclude<keyof typeof FIELD, "absoluteExpiryTime" | "creationTime">;
type PropertyName = Exclude<keyof MessageProperties, "partitionKey" | "timeToLiveMs" | "scheduledAtMs">;

const FIELD_OF: Readonly<Record<PropertyName, FieldName>> = {
  messageId: "messageId",
  correlationId: "correlationId",
  to: "to",
  replyTo: "replyTo",
  subject: "subject",
  contentType: "contentType",
  sessionId: "groupId",
  replyToSessionId: "replyToGroupId",
};

const PROPERTY_NAMES = Object.keys(FIELD_OF) as readonly PropertyName[];

/** Returns the fields with an action's changes. All other fields keep their bytes and types. */
export function writeProperties(
  fields: readonly AmqpValue[],
  changes: Partial<MessageProperties>,
): readonly AmqpValue[] {
  const written = [...fields];
  for (const name of PROPERTY_NAMES) {
    if (!Object.hasOwn(changes, name)) continue;
    setField(
      written,
      FIELD[FIELD_OF[name]],
      optional(changes[name], name === "contentType" ? symbol : string),
    );
  }
  return written;
}

/** Returns the fields with other times, for a message whose entity shortens the life its sender gave it. */
export function writeExpiry(
  fields: readonly AmqpValue[],
  times: { readonly createdAtMs: number; readonly expiresAtMs: number },
): readonly AmqpValue[] {
  const written = [...fields];
  setField(written, FIELD.creationTime, timestamp(times.createdAtMs));
  setField(written, FIELD.absoluteExpiryTime, timestamp(times.expiresAtMs));
  return written;
}

function setField(fields: AmqpValue[], index: number, value: AmqpValue): void {
  while (fields.length < index) fields.push(NULL);
  fields[index] = value;
}

/** Ids may be text, a number, a UUID or bytes. */
function idText(id: AmqpValue | undefined): string | undefined {
  if (id === undefined || id.type === "null") return undefined;
  if (id.type === "binary") return id.value.toString("hex");
  return typeof id.value === "string" || typeof id.value === "bigint" ? String(id.value) : undefined;
}
