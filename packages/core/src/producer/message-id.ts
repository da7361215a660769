/** Bytes of randomness drawn at once: 256 ids. */
const POOL_BYTES = 4_096;
const ID_BYTES = 16;
const ID_LENGTH = 36;
const HEX = Buffer.from("0123456789abcdef");

const pool = new Uint8Array(POOL_BYTES);
let usedBytes = POOL_BYTES;
const letters = Buffer.alloc(ID_LENGTH, "-");

/**
 * A random UUID (version 4). `crypto.randomUUID` gives a tree of twenty small strings, 700 bytes of it, which stays one
 * until somebody reads it; this is one flat string.
 */
export function newMessageId(): string {
  if (usedBytes === POOL_BYTES) {
    crypto.getRandomValues(pool);
    usedBytes = 0;
  }
  let at = 0;
  for (let index = 0; index < ID_BYTES; index += 1) {
    if (index === 4 || index === 6 || index === 8 || index === 10) at += 1; // the dash stays where it is
    const byte = withVersion(pool[usedBytes + index] ?? 0, index);
    letters[at] = HEX[byte >> 4] ?? 0;
    letters[at + 1] = HEX[byte & 15] ?? 0;
    at += 2;
  }
  usedBytes += ID_BYTES;
  return letters.toString("latin1");
}

function withVersion(byte: number, index: number): number {
  if (index === 6) return (byte & 0x0f) | 0x40;
  return index === 8 ? (byte & 0x3f) | 0x80 : byte;
}
