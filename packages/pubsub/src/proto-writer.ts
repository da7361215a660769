// Encoding: https://protobuf.dev/programming-guides/encoding/ (2026-11-29)

/** Up to this length a loop over the characters is faster than a call into the runtime. */
const SHORT_TEXT = 40;
/** Tag and length of a field; its number is below 16. */
const HEAD_BYTES = 6;
/** Largest number of bytes that one UTF-16 unit takes in UTF-8. */
const MAX_UNIT_BYTES = 3;

/** Writes length-delimited fields, whose numbers are below 16, into one buffer that grows. */
export class ProtoWriter {
  #bytes: Buffer<ArrayBuffer>;
  #length = 0;

  /** @param capacity bytes that will probably be enough */
  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  /** Returns a view of all that was written. */
  written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Frees the memory now, without waiting for the garbage collector; what was written is lost. */
  release(): void {
    const { buffer } = this.#bytes;
    // A short buffer lies in a slab of Node's, with bytes of others.
    if (buffer.byteLength === this.#bytes.length) buffer.transfer(0);
  }

  text(tag: number, value: string): void {
    this.#reserve(HEAD_BYTES + value.length);
    if (value.length <= SHORT_TEXT && this.#shortAscii(tag, value)) return;
    const limit = this.#length + HEAD_BYTES + MAX_UNIT_BYTES * value.length;
    if (limit <= this.#bytes.length) {
      // There is room for any text of this length: write it at once, without counting its bytes first.
      const start = this.beginMessage(tag, value.length);
      this.#length += this.#bytes.write(value, start);
      this.endMessage(start, value.length);
      return;
    }
    const size = Buffer.byteLength(value);
    this.#reserve(HEAD_BYTES + size);
    this.#head(tag, size);
    this.#length += this.#bytes.write(value, this.#length, size);
  }

  bytes(tag: number, value: Uint8Array): void {
    this.#reserve(HEAD_BYTES + value.byteLength);
    this.#head(tag, value.byteLength);
    this.#bytes.set(value, this.#length);
    this.#length += value.byteLength;
  }

  /** @param expectedBytes approximate length of the content @returns what `endMessage` needs */
  beginMessage(tag: number, expectedBytes: number): number {
    this.#reserve(HEAD_BYTES);
    this.#head(tag, expectedBytes);
    return this.#length;
  }

  /** Moves nothing if the expected length takes as many bytes as the real one. */
  endMessage(start: number, expectedBytes: number): void {
    const end = this.#length;
    const size = end - start;
    const lengthStart = start - varintBytes(expectedBytes);
    const realStart = lengthStart + varintBytes(size);
    this.#reserve(HEAD_BYTES);
    if (realStart !== start) this.#bytes.copyWithin(realStart, start, end);
    this.#length = lengthStart;
    this.#varint(size);
    this.#length = realStart + size;
  }

  /** False: the text has a non-ASCII character, and nothing counts as written. */
  #shortAscii(tag: number, value: string): boolean {
    const bytes = this.#bytes;
    const start = this.#length + 2;
    for (let index = 0; index < value.length; index += 1) {
      const unit = value.charCodeAt(index);
      if (unit > 0x7f) return false;
      bytes[start + index] = unit;
    }
    bytes[start - 2] = tag;
    bytes[start - 1] = value.length;
    this.#length = start + value.length;
    return true;
  }

  #head(tag: number, contentBytes: number): void {
    this.#bytes[this.#length] = tag;
    this.#length += 1;
    this.#varint(contentBytes);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
      this.#bytes[this.#length] = (rest % 0x80) | 0x80;
      this.#length += 1;
    }
    this.#bytes[this.#length] = rest;
    this.#length += 1;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

function varintBytes(value: number): number {
  let count = 1;
  for (let rest = value; rest >= 0x80; rest /= 0x80) count += 1;
  return count;
}
