const ID_BYTES = 16;
/** Random bytes drawn at once, for 1,024 ids. Most of the cost of a draw is the call itself. */
const POOL_BYTES = 16_384;
const DASH = 45;
const DIGITS = "0123456789abcdef";

/** The character codes of the high and the low hexadecimal digit of each byte. */
const H: readonly number[] = Array.from({ length: 256 }, (_, byte) => DIGITS.charCodeAt(byte >> 4));
const L: readonly number[] = Array.from({ length: 256 }, (_, byte) => DIGITS.charCodeAt(byte & 15));

const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

/**
 * Returns a random UUID (version 4). `crypto.randomUUID` returns a tree of twenty small strings, 700 bytes in
 * all, until it is read. This function makes one flat string, and takes half the time without a loop.
 */
export function newMessageId(): string {
  if (used === POOL_BYTES) {
    // The SDKs load this module anyway. The global `crypto` would load one more of Node's modules.
    process.getBuiltinModule("node:crypto").randomFillSync(pool);
    used = 0;
  }
  const at = used;
  used += ID_BYTES;
  pool[at + 6] = (pool[at + 6]! & 0x0f) | 0x40;
  pool[at + 8] = (pool[at + 8]! & 0x3f) | 0x80;
  // Each byte is read by its index: destructuring the array would take 200 bytes more.
  // oxfmt-ignore
  return String.fromCharCode(
    H[pool[at + 0]!]!, L[pool[at + 0]!]!, H[pool[at + 1]!]!, L[pool[at + 1]!]!,
    H[pool[at + 2]!]!, L[pool[at + 2]!]!, H[pool[at + 3]!]!, L[pool[at + 3]!]!, DASH,
    H[pool[at + 4]!]!, L[pool[at + 4]!]!, H[pool[at + 5]!]!, L[pool[at + 5]!]!, DASH,
    H[pool[at + 6]!]!, L[pool[at + 6]!]!, H[pool[at + 7]!]!, L[pool[at + 7]!]!, DASH,
    H[pool[at + 8]!]!, L[pool[at + 8]!]!, H[pool[at + 9]!]!, L[pool[at + 9]!]!, DASH,
    H[pool[at + 10]!]!, L[pool[at + 10]!]!, H[pool[at + 11]!]!, L[pool[at + 11]!]!,
    H[pool[at + 12]!]!, L[pool[at + 12]!]!, H[pool[at + 13]!]!, L[pool[at + 13]!]!,
    H[pool[at + 14]!]!, L[pool[at + 14]!]!, H[pool[at + 15]!]!, L[pool[at + 15]!]!,
  );
}
