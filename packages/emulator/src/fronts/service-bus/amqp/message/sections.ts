import { AmqpDecodeError, AmqpDecoder } from "../transport/amqp-decoder.ts";
import { integerOf, type AmqpValue } from "../transport/amqp-value.ts";

/** Descriptors of a message's sections. */
export const SECTION = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
  data: 0x75,
  sequence: 0x76,
  value: 0x77,
  footer: 0x78,
} as const;

/** The position of a section in an encoded message. */
export interface Section {
  readonly code: number;
  /** Descriptor and value. */
  readonly bytes: Buffer;
  /** The value alone, without its descriptor. */
  readonly valueBytes: Buffer;
}

/**
 * Splits a message into sections without decoding them: what a broker does not read must leave exactly as it
 * came.
 */
export function splitSections(message: Buffer): readonly Section[] {
  const sections: Section[] = [];
  for (let from = 0; from < message.length;) {
    if (message[from] !== 0x00)
      throw new AmqpDecodeError("A message contains something that is not a section.");
    const decoder = new AmqpDecoder(message, from + 1);
    const code = Number(integerOf(decoder.read()) ?? -1n);
    if (code < SECTION.header || code > SECTION.footer) {
      throw new AmqpDecodeError(`A message has no section 0x${code.toString(16)}.`);
    }
    const valueFrom = decoder.position;
    const to = endOfValue(message, valueFrom);
    sections.push({ code, bytes: message.subarray(from, to), valueBytes: message.subarray(valueFrom, to) });
    from = to;
  }
  return sections;
}

export function sectionValue(section: Section | undefined): AmqpValue | undefined {
  return section === undefined ? undefined : new AmqpDecoder(section.valueBytes).read();
}

/** Returns the position after the value at `from`, using the width class in the value's constructor. */
function endOfValue(bytes: Buffer, from: number): number {
  const code = byteAt(bytes, from);
  if (code === 0x00) return endOfValue(bytes, endOfValue(bytes, from + 1));
  const at = from + 1;
  const end = at + contentLength(bytes, at, code >>> 4);
  if (end > bytes.length) throw new AmqpDecodeError("A section ends beyond its message.");
  return end;
}

const FIXED_WIDTHS: Readonly<Record<number, number>> = { 4: 0, 5: 1, 6: 2, 7: 4, 8: 8, 9: 16 };

function contentLength(bytes: Buffer, at: number, widthClass: number): number {
  const fixed = FIXED_WIDTHS[widthClass];
  if (fixed !== undefined) return fixed;
  if (widthClass < 0xa) throw new AmqpDecodeError("A section's value has no known constructor.");
  if (widthClass % 2 === 0) return 1 + byteAt(bytes, at);
  if (at + 4 > bytes.length) throw new AmqpDecodeError("A section ends beyond its message.");
  return 4 + bytes.readUInt32BE(at);
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new AmqpDecodeError("A section ends beyond its message.");
  return byte;
}
