/** The few parts of protobuf that the Pub/Sub stub reads and writes by hand. */

/** Encodes a length-delimited field. */
export function field(number: number, value: Buffer | string): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

export function varintField(number: number, value: number): Buffer {
  return Buffer.concat([varint(number << 3), varint(value)]);
}

/** How often a field occurs at the top level. */
export function countOf(message: Buffer, number: number): number {
  let count = 0;
  for (const seen of topLevel(message)) if (seen.number === number) count += 1;
  return count;
}

/** The value of a varint field at the top level, or 0 if it is absent. */
export function numberOf(message: Buffer, number: number): number {
  for (const seen of topLevel(message)) if (seen.number === number) return seen.value;
  return 0;
}

function* topLevel(message: Buffer): Generator<{ readonly number: number; readonly value: number }> {
  const reader = { message, at: 0 };
  while (reader.at < message.length) {
    const tag = readVarint(reader);
    const value = readVarint(reader);
    // Only varints and length-delimited fields occur in what the stub reads.
    if ((tag & 7) === 2) reader.at += value;
    yield { number: tag >>> 3, value };
  }
}

function readVarint(reader: { readonly message: Buffer; at: number }): number {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = reader.message[reader.at] ?? 0;
    reader.at += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}
