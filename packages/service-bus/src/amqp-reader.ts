// AMQP 1.0 types, section 1.6. https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-types-v1.0-os.html (2026-11-29)

const TWO_TO_32 = 4_294_967_296;
/** Beyond this, rhea returns the eight bytes instead of a number. */
const MAX_SAFE_HIGH = 2_097_152;

/** Thrown for everything that is not read here. Shared: it is an answer, and nobody reads its stack. */
export const NOT_PLAIN = new Error("not plain");

/** Reads AMQP values in place, as the SDK's decoder (rhea) does, or throws `NOT_PLAIN`. */
export class AmqpReader {
  #bytes: Buffer = Buffer.alloc(0);
  #end = 0;
  at = 0;

  /** Reads from `at` and never beyond `end`: the bytes after it belong to another frame. */
  begin(bytes: Buffer, at: number, end: number): void {
    this.#bytes = bytes;
    this.#end = end;
    this.at = at;
  }

  byte(): number {
    const value = this.at < this.#end ? this.#bytes[this.at] : undefined;
    if (value === undefined) throw NOT_PLAIN;
    this.at += 1;
    return value;
  }

  /** Reads a descriptor in its usual, short form. @returns its code */
  descriptor(): number {
    if (this.byte() !== 0x00 || this.byte() !== 0x53) throw NOT_PLAIN;
    return this.byte();
  }

  /** Reads the head of a list. @returns the number of values that follow */
  list(): number {
    switch (this.byte()) {
      case 0x45:
        return 0;
      case 0xc0:
        this.byte();
        return this.byte();
      case 0xd0:
        this.#uint32();
        return this.#uint32();
      default:
        throw NOT_PLAIN;
    }
  }

  /** Reads a map whose keys are texts. */
  map(): Record<string, unknown> {
    const count = this.#mapCount();
    if (count % 2 !== 0) throw NOT_PLAIN;
    const found: Record<string, unknown> = {};
    for (let read = 0; read < count; read += 2) found[this.#name()] = this.value();
    return found;
  }

  /** Reads a boolean in its one-byte form; null counts as false. */
  flag(): boolean {
    switch (this.byte()) {
      case 0x41:
        return true;
      case 0x40:
      case 0x42:
        return false;
      default:
        throw NOT_PLAIN;
    }
  }

  uint(): number | undefined {
    switch (this.byte()) {
      case 0x40:
        return undefined;
      case 0x43:
        return 0;
      case 0x52:
        return this.byte();
      case 0x70:
        return this.#uint32();
      default:
        throw NOT_PLAIN;
    }
  }

  /** @returns a view, not a copy */
  binary(): Buffer {
    const code = this.byte();
    if (code !== 0xa0 && code !== 0xb0) throw NOT_PLAIN;
    return this.#view(code === 0xa0 ? this.byte() : this.#uint32());
  }

  /** Reads the common scalar types; no arrays, characters, decimals, described values, lists or maps. */
  // oxlint-disable-next-line complexity -- a table of the types
  value(): unknown {
    const code = this.byte();
    switch (code) {
      case 0xa1:
        return this.#text(this.byte());
      case 0xb1:
        return this.#text(this.#uint32());
      case 0xa3:
        return this.#ascii(this.byte());
      case 0xb3:
        return this.#ascii(this.#uint32());
      case 0x40:
        return null;
      case 0x41:
        return true;
      case 0x42:
        return false;
      case 0x43:
      case 0x44:
        return 0;
      case 0x50:
      case 0x52:
      case 0x53:
        return this.byte();
      case 0x51:
      case 0x54:
      case 0x55:
        return (this.byte() << 24) >> 24;
      case 0x60:
        return this.#bytes.readUInt16BE(this.#skip(2));
      case 0x61:
        return this.#bytes.readInt16BE(this.#skip(2));
      case 0x70:
        return this.#uint32();
      case 0x71:
        return this.#uint32() | 0;
      case 0x80:
        return this.#int64Of(this.#uint32());
      case 0x81:
        return this.#int64();
      case 0x83:
        return this.#date();
      case 0x82:
        return this.#bytes.readDoubleBE(this.#skip(8));
      case 0x98:
        return this.#view(16);
      case 0xa0:
        return this.#view(this.byte());
      case 0xb0:
        return this.#view(this.#uint32());
      default:
        throw NOT_PLAIN;
    }
  }

  #mapCount(): number {
    const code = this.byte();
    if (code === 0xc1) {
      this.byte();
      return this.byte();
    }
    if (code !== 0xd1) throw NOT_PLAIN;
    this.#uint32();
    return this.#uint32();
  }

  #name(): string {
    switch (this.byte()) {
      case 0xa1:
        return this.#text(this.byte());
      case 0xa3:
        return this.#ascii(this.byte());
      default:
        throw NOT_PLAIN;
    }
  }

  #uint32(): number {
    return this.#bytes.readUInt32BE(this.#skip(4));
  }

  #int64(): number | Buffer {
    return this.#int64Of(this.#uint32() | 0);
  }

  /** Like rhea, returns the bytes if a number would not be exact. */
  #int64Of(high: number): number | Buffer {
    if (high <= MAX_SAFE_HIGH && high >= -MAX_SAFE_HIGH) return high * TWO_TO_32 + this.#uint32();
    this.at -= 4;
    return this.#view(8);
  }

  #date(): Date {
    const time = this.#int64();
    if (typeof time !== "number") throw NOT_PLAIN;
    return new Date(time);
  }

  #text(length: number): string {
    const from = this.#skip(length);
    return this.#bytes.toString("utf8", from, this.at);
  }

  #ascii(length: number): string {
    const from = this.#skip(length);
    return this.#bytes.toString("ascii", from, this.at);
  }

  #view(length: number): Buffer {
    const from = this.#skip(length);
    return this.#bytes.subarray(from, this.at);
  }

  /** @returns the position before the skip */
  #skip(length: number): number {
    const from = this.at;
    this.at += length;
    if (this.at > this.#end) throw NOT_PLAIN;
    return from;
  }
}
