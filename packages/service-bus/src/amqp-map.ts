// AMQP 1.0 types, sections 1.6.20 (string) and 1.6.23 (map).
// https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-types-v1.0-os.html (2026-11-29)

const STR8 = 0xa1;
const STR32 = 0xb1;
const MAP32 = 0xd1;
const MAX_STR8_BYTES = 0xff;
const COUNT_BYTES = 4;

/** Encodes texts as an AMQP map: the Functions host takes properties to change in this form. */
export function amqpMapOf(texts: Readonly<Record<string, string>>): Uint8Array {
  const parts = Object.entries(texts).flatMap(([name, value]) => [amqpString(name), amqpString(value)]);
  const bytes = Buffer.concat(parts);
  const head = Buffer.alloc(1 + 2 * COUNT_BYTES);
  head.writeUInt8(MAP32, 0);
  head.writeUInt32BE(COUNT_BYTES + bytes.length, 1);
  head.writeUInt32BE(parts.length, 1 + COUNT_BYTES);
  return Buffer.concat([head, bytes]);
}

function amqpString(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_STR8_BYTES) return Buffer.concat([Buffer.of(STR8, bytes.length), bytes]);
  const head = Buffer.alloc(1 + COUNT_BYTES);
  head.writeUInt8(STR32, 0);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
