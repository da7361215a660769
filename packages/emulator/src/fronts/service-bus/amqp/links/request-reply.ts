import { encode } from "../transport/amqp-encoder.ts";
import {
  composite,
  elementsOf,
  map,
  NULL,
  string,
  textOf,
  type AmqpEntry,
  type AmqpValue,
} from "../transport/amqp-value.ts";
import { SECTION, sectionValue, splitSections, type Section } from "../message/sections.ts";
import { FIELD } from "../message/message-fields.ts";

/** A request to a node that answers: `$cbs` or `$management`. */
export interface NodeRequest {
  readonly messageId: AmqpValue;
  readonly replyTo: string | undefined;
  /** Map of application properties. */
  readonly properties: AmqpValue | undefined;
  readonly body: AmqpValue | undefined;
}

export interface NodeReply {
  readonly properties: readonly AmqpEntry[];
  readonly body?: AmqpValue | undefined;
}

const CORRELATION_FIELD = FIELD.correlationId;

/** Throws `AmqpDecodeError`. */
export function decodeRequest(bytes: Buffer): NodeRequest {
  const sections = splitSections(bytes);
  const find = (code: number): Section | undefined => sections.find((section) => section.code === code);
  const fields = elementsOf(sectionValue(find(SECTION.properties)));
  return {
    messageId: fields[FIELD.messageId] ?? NULL,
    replyTo: textOf(fields[FIELD.replyTo]),
    properties: sectionValue(find(SECTION.applicationProperties)),
    body: sectionValue(find(SECTION.value)),
  };
}

export function encodeReply({ messageId }: NodeRequest, { properties, body }: NodeReply): Buffer {
  const fields = Array.from({ length: CORRELATION_FIELD }, () => NULL);
  const sections = [
    composite(BigInt(SECTION.properties), [...fields, messageId]),
    section(SECTION.applicationProperties, map(properties)),
    section(SECTION.value, body ?? NULL),
  ];
  return Buffer.concat(sections.map(encode));
}

export const entry = (name: string, value: AmqpValue): AmqpEntry => [string(name), value];

function section(code: number, value: AmqpValue): AmqpValue {
  return { type: "described", descriptor: { type: "ulong", value: BigInt(code) }, value };
}
