/** Longer texts seldom recur. */
const MAX_BYTES = 32;
/** A power of two. */
const PLACES = 64;

/**
 * Caches short texts that recur, such as names of attributes. Decoding one anew costs a call into the
 * runtime, and another hash if it names a property.
 */
export class SeenTexts {
  /** The last text of each place; ASCII only, so that its characters are its bytes. */
  readonly #texts: string[] = Array.from({ length: PLACES }, () => "");

  /** Returns the text in these bytes. */
  read(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length > MAX_BYTES) return bytes.toString("utf8", start, end);
    const place = (length * 31 + (bytes[start] ?? 0) * 7 + (bytes[end - 1] ?? 0)) & (PLACES - 1);
    const seen = this.#texts[place] ?? "";
    if (seen.length === length && isIn(bytes, start, seen)) return seen;
    const text = bytes.toString("utf8", start, end);
    if (text.length === length) this.#texts[place] = text;
    return text;
  }
}

function isIn(bytes: Buffer, start: number, ascii: string): boolean {
  for (let index = 0; index < ascii.length; index += 1)
    if (bytes[start + index] !== ascii.charCodeAt(index)) return false;
  return true;
}
