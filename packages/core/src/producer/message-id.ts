const ID_BYTES = 16;
/** Bytes of randomness drawn at once: 1,024 ids. What a draw costs is mostly the call. */
const POOL_BYTES = 16_384;
const DASH = 45;
const DIGITS = "0123456789abcdef";

/** The character codes of the two hexadecimal digits of each byte. */
const H: readonly number[] = Array.from({ length: 256 }, (_, byte) => DIGITS.charCodeAt(byte >> 4));
const L: readonly number[] = Array.from({ length: 256 }, (_, byte) => DIGITS.charCodeAt(byte & 15));

const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

/**
 * A random UUID (version 4). `crypto.randomUUID` gives a tree of twenty small strings, 700 bytes of it, which stays one
 * until somebody reads it; this is one flat string, and without a loop it takes half the time.
 */
export function newMessageId(): string {
  if (used === POOL_BYTES) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  const at = used;
  used += ID_BYTES;
  // Each by its place: taken apart as an array they would take 200 bytes more.
  const a = pool[at]!;
  const b = pool[at + 1]!;
  const c = pool[at + 2]!;
  const d = pool[at + 3]!;
  const e = pool[at + 4]!;
  const f = pool[at + 5]!;
  const g = (pool[at + 6]! & 0x0f) | 0x40;
  const h = pool[at + 7]!;
  const i = (pool[at + 8]! & 0x3f) | 0x80;
  const j = pool[at + 9]!;
  const k = pool[at + 10]!;
  const l = pool[at + 11]!;
  const m = pool[at + 12]!;
  const n = pool[at + 13]!;
  const o = pool[at + 14]!;
  const p = pool[at + 15]!;
  // oxfmt-ignore
  return String.fromCharCode(
    H[a]!, L[a]!, H[b]!, L[b]!, H[c]!, L[c]!, H[d]!, L[d]!, DASH, H[e]!, L[e]!, H[f]!, L[f]!, DASH,
    H[g]!, L[g]!, H[h]!, L[h]!, DASH, H[i]!, L[i]!, H[j]!, L[j]!, DASH,
    H[k]!, L[k]!, H[l]!, L[l]!, H[m]!, L[m]!, H[n]!, L[n]!, H[o]!, L[o]!, H[p]!, L[p]!,
  );
}
