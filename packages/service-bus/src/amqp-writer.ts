// AMQP 1.0 types, section 1.6. https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-types-v1.0-os.html (2026-11-29)

const NULL = 0x40;
const UINT_0 = 0x43;
const UINT_8 = 0x52;
const UINT_32 = 0x70;
const ULONG_8 = 0x53;
const TIMESTAMP = 0x83;
const BINARY_8 = 0xa0;
const BINARY_32 = 0xb0;
const STRING_8 = 0xa1;
const STRING_32 = 0xb1;
const SYMBOL_8 = 0xa3;
const SYMBOL_32 = 0xb3;
const LIST_0 = 0x45;
const LIST_32 = 0xd0;
const MAP_32 = 0xd1;

const MAX_BYTE = 0xff;
const TWO_TO_32 = 4_294_967_296;
/** Size and count of a long list or map. */
const COUNTS_BYTES = 8;
/** Code and size of a long binary. */
const BINARY_HEAD_BYTES = 5;
/** The most bytes that one UTF-16 unit can take in UTF-8. */
const MAX_UTF8_BYTES = 3;
/** For shorter texts, a loop over the characters is faster than a call into the runtime. */
const SHORT_TEXT = 40;

/** Writes AMQP values into one growing buffer, each as the SDK's encoder (rhea) writes it. */
export class AmqpWriter {
  #bytes: Buffer;
  /** Bytes written so far. Setting it back discards what lies beyond. */
  length = 0;

  /** @param capacity a number of bytes that will probably be enough */
  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  /** @returns a view of everything that was written */
  written(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  /** Begins a described section. */
  section(code: number): void {
    this.#reserve(3);
    this.#bytes[this.length] = 0;
    this.#bytes[this.length + 1] = ULONG_8;
    this.#bytes[this.length + 2] = code;
    this.length += 3;
  }

  emptyList(): void {
    this.#byte(LIST_0);
  }

  /** @returns the argument for `endCompound` */
  beginList(count: number): number {
    return this.#beginCompound(LIST_32, count);
  }

  /** @param count of keys and values together */
  beginMap(count: number): number {
    return this.#beginCompound(MAP_32, count);
  }

  endCompound(start: number): void {
    // The size covers everything after the size field.
    this.#bytes.writeUInt32BE(this.length - start - 4, start);
  }

  null(): void {
    this.#byte(NULL);
  }

  uint(value: number): void {
    this.#reserve(5);
    if (value === 0) this.#byte(UINT_0);
    else if (value <= MAX_BYTE) {
      this.#byte(UINT_8);
      this.#byte(value);
    } else {
      this.#byte(UINT_32);
      this.length = this.#bytes.writeUInt32BE(value, this.length);
    }
  }

  /** @param epochMs 0 or more */
  timestamp(epochMs: number): void {
    this.#reserve(9);
    this.#byte(TIMESTAMP);
    this.length = this.#bytes.writeUInt32BE(Math.floor(epochMs / TWO_TO_32), this.length);
    this.length = this.#bytes.writeUInt32BE(epochMs % TWO_TO_32, this.length);
  }

  string(text: string): void {
    this.#text(text, STRING_8, STRING_32);
  }

  symbol(text: string): void {
    this.#text(text, SYMBOL_8, SYMBOL_32);
  }

  binary(bytes: Uint8Array): void {
    this.#reserve(BINARY_HEAD_BYTES + bytes.byteLength);
    this.#head(BINARY_8, BINARY_32, bytes.byteLength);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.byteLength;
  }

  /** Writes a binary. `write` writes its content in place. */
  binaryOf(write: () => void): void {
    const start = this.length;
    this.#reserve(BINARY_HEAD_BYTES);
    this.length += BINARY_HEAD_BYTES;
    write();
    const end = this.length;
    const size = end - start - BINARY_HEAD_BYTES;
    this.length = start;
    this.#head(BINARY_8, BINARY_32, size);
    if (size <= MAX_BYTE) this.#bytes.copyWithin(this.length, start + BINARY_HEAD_BYTES, end);
    this.length += size;
  }

  #beginCompound(code: number, count: number): number {
    this.#reserve(1 + COUNTS_BYTES);
    this.#byte(code);
    const start = this.length;
    this.#bytes.writeUInt32BE(count, start + 4);
    this.length += COUNTS_BYTES;
    return start;
  }

  #text(text: string, code8: number, code32: number): void {
    this.#reserve(BINARY_HEAD_BYTES + text.length * MAX_UTF8_BYTES);
    if (text.length <= SHORT_TEXT && this.#shortAscii(text, code8)) return;
    const size = Buffer.byteLength(text);
    this.#head(code8, code32, size);
    this.length += this.#bytes.write(text, this.length, size, "utf8");
  }

  /** Returns false if the text has a non-ASCII character. Then nothing counts as written. */
  #shortAscii(text: string, code: number): boolean {
    const bytes = this.#bytes;
    const start = this.length + 2;
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      if (unit > 0x7f) return false;
      bytes[start + index] = unit;
    }
    bytes[start - 2] = code;
    bytes[start - 1] = text.length;
    this.length = start + text.length;
    return true;
  }

  #head(code8: number, code32: number, size: number): void {
    if (size <= MAX_BYTE) {
      this.#byte(code8);
      this.#byte(size);
    } else {
      this.#byte(code32);
      this.length = this.#bytes.writeUInt32BE(size, this.length);
    }
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length] = value;
    this.length += 1;
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.length);
    this.#bytes = larger;
  }
}
