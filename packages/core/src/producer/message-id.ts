/** Bytes of randomness drawn at once: 1,024 ids. What a draw costs is mostly the call. */
const POOL_BYTES = 16_384;
const ID_BYTES = 16;
const DASH = 45;
const DIGITS = "0123456789abcdef";

/** The character codes of the two hexadecimal digits of each byte. */
const HIGH: readonly number[] = Array.from({ length: 256 }, (_, byte) => DIGITS.charCodeAt(byte >> 4));
const LOW: readonly number[] = Array.from({ length: 256 }, (_, byte) => DIGITS.charCodeAt(byte & 15));

let pool: Uint8Array<ArrayBuffer> | undefined;
let usedBytes = POOL_BYTES;

/**
 * A random UUID (version 4). `crypto.randomUUID` gives a tree of twenty small strings, 700 bytes of it, which stays one
 * until somebody reads it; this is one flat string, and half the time of one that is written to a Buffer first.
 */
export function newMessageId(): string {
  if (pool === undefined || usedBytes === POOL_BYTES) {
    pool = crypto.getRandomValues(pool ?? new Uint8Array(POOL_BYTES));
    usedBytes = 0;
  }
  const at = usedBytes;
  usedBytes += ID_BYTES;
  pool[at + 6] = ((pool[at + 6] ?? 0) & 0x0f) | 0x40; // the version
  pool[at + 8] = ((pool[at + 8] ?? 0) & 0x3f) | 0x80; // the variant
  return uuidOf(pool, at);
}

/** In one call and without a loop: that is what makes it fast. */
function uuidOf(from: Uint8Array, at: number): string {
  return String.fromCharCode(
    high(from, at),
    low(from, at),
    high(from, at + 1),
    low(from, at + 1),
    high(from, at + 2),
    low(from, at + 2),
    high(from, at + 3),
    low(from, at + 3),
    DASH,
    high(from, at + 4),
    low(from, at + 4),
    high(from, at + 5),
    low(from, at + 5),
    DASH,
    high(from, at + 6),
    low(from, at + 6),
    high(from, at + 7),
    low(from, at + 7),
    DASH,
    high(from, at + 8),
    low(from, at + 8),
    high(from, at + 9),
    low(from, at + 9),
    DASH,
    high(from, at + 10),
    low(from, at + 10),
    high(from, at + 11),
    low(from, at + 11),
    high(from, at + 12),
    low(from, at + 12),
    high(from, at + 13),
    low(from, at + 13),
    high(from, at + 14),
    low(from, at + 14),
    high(from, at + 15),
    low(from, at + 15),
  );
}

function high(from: Uint8Array, at: number): number {
  return HIGH[from[at] ?? 0] ?? 0;
}

function low(from: Uint8Array, at: number): number {
  return LOW[from[at] ?? 0] ?? 0;
}
