import type {
  ApplicationProperties,
  ContentChanges,
  MessageContent,
  MessageProperties,
} from "../../engine/message-content.ts";
import { AmqpDecodeError } from "../transport/amqp-decoder.ts";
import { encode } from "../transport/amqp-encoder.ts";
import { composite, elementsOf, type AmqpValue } from "../transport/amqp-value.ts";
import {
  readProperties,
  withMessageId,
  writeProperties,
  type MessageFrame,
  type ToEngineTime,
} from "./message-fields.ts";
import { propertiesMap, propertiesOf } from "./property-values.ts";
import { SECTION, sectionValue, splitSections, type Section } from "./sections.ts";

/** The parts of a message that can be replaced independently. */
interface Parts {
  readonly sizeBytes: number;
  readonly headerBytes: number;
  readonly frame: MessageFrame;
  readonly fields: readonly AmqpValue[];
  readonly propertiesBytes: Buffer;
  readonly applicationPropertiesBytes: Buffer;
  /** Body and footer. */
  readonly rest: Buffer;
}

/**
 * A message as its sender encoded it. Only what the broker reads is decoded. A change rewrites only the
 * section concerned.
 */
export class WireMessage implements MessageContent {
  readonly properties: MessageProperties;
  readonly applicationProperties: ApplicationProperties;
  readonly #parts: Parts;

  constructor(parts: Parts, properties: MessageProperties, applicationProperties: ApplicationProperties) {
    this.#parts = parts;
    this.properties = properties;
    this.applicationProperties = applicationProperties;
  }

  get sizeBytes(): number {
    return this.#parts.sizeBytes;
  }

  get headerBytes(): number {
    return this.#parts.headerBytes;
  }

  /** Header and annotations from the sender. */
  get frame(): MessageFrame {
    return this.#parts.frame;
  }

  get fields(): readonly AmqpValue[] {
    return this.#parts.fields;
  }

  with({ properties, applicationProperties }: ContentChanges): WireMessage {
    let parts = this.#parts;
    if (properties !== undefined) {
      const fields = writeProperties(parts.fields, properties);
      parts = { ...parts, fields, propertiesBytes: encodeFields(fields) };
    }
    if (applicationProperties !== undefined) {
      parts = { ...parts, applicationPropertiesBytes: encodeApplicationProperties(applicationProperties) };
    }
    return new WireMessage(
      parts,
      { ...this.properties, ...properties },
      applicationProperties ?? this.applicationProperties,
    );
  }

  /** Everything after the annotations. */
  bareBytes(fields: readonly AmqpValue[] = this.fields): readonly Buffer[] {
    const { propertiesBytes, applicationPropertiesBytes, rest } = this.#parts;
    return [
      fields === this.fields ? propertiesBytes : encodeFields(fields),
      applicationPropertiesBytes,
      rest,
    ];
  }
}

/** Throws `AmqpDecodeError` for bytes that are not a message. */
export function decodeMessage(bytes: Buffer, toEngineTime: ToEngineTime): WireMessage {
  const sections = splitSections(bytes);
  const find = (code: number): Section | undefined => sections.find((section) => section.code === code);
  const rest = sections.filter(({ code }) => code >= SECTION.data);
  if (rest.length === 0) throw new AmqpDecodeError("A message has no body.");
  const frame: MessageFrame = {
    header: elementsOf(sectionValue(find(SECTION.header))),
    annotations: sectionValue(find(SECTION.messageAnnotations)),
  };
  const given = elementsOf(sectionValue(find(SECTION.properties)));
  const fields = withMessageId(given);
  const applicationProperties = find(SECTION.applicationProperties);
  const parts: Parts = {
    sizeBytes: bytes.length,
    headerBytes: bytes.length - rest.reduce((sum, section) => sum + section.bytes.length, 0),
    frame,
    fields,
    propertiesBytes: fields === given ? bytesOf(find(SECTION.properties)) : encodeFields(fields),
    applicationPropertiesBytes: bytesOf(applicationProperties),
    rest: Buffer.concat(rest.map((section) => section.bytes)),
  };
  const properties = readProperties(fields, frame, toEngineTime);
  return new WireMessage(parts, properties, propertiesOf(sectionValue(applicationProperties)));
}

/** Copies the bytes, so that one message does not keep a whole batch or socket chunk in memory. */
function bytesOf(section: Section | undefined): Buffer {
  return section === undefined ? Buffer.alloc(0) : Buffer.from(section.bytes);
}

function encodeFields(fields: readonly AmqpValue[]): Buffer {
  return encode(composite(BigInt(SECTION.properties), fields));
}

function encodeApplicationProperties(properties: ApplicationProperties): Buffer {
  if (properties.size === 0) return Buffer.alloc(0);
  return encode({
    type: "described",
    descriptor: { type: "ulong", value: BigInt(SECTION.applicationProperties) },
    value: propertiesMap(properties),
  });
}
