import type { AvroPrimitive, AvroType } from "./avro-type.ts";

/** Returns true if the bytes are exactly one value of this type in Avro's binary encoding. */
export function isAvroBinary(type: AvroType, bytes: Uint8Array): boolean {
  const reader = new AvroReader(bytes);
  try {
    reader.skip(type);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
  return reader.isAtEnd;
}

/** Reads through a value. Throws a RangeError if the bytes are not one. */
class AvroReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  skip(type: AvroType): void {
    switch (type.kind) {
      case "record":
        for (const field of type.fields) this.skip(field.type);
        return;
      case "enum":
        this.#oneOf(type.symbols);
        return;
      case "fixed":
        return this.#pass(type.size);
      case "array":
        return this.#blocks(() => this.skip(type.items));
      case "map":
        return this.#blocks(() => {
          this.#pass(this.#long());
          this.skip(type.values);
        });
      case "union":
        return this.skip(this.#oneOf(type.branches));
      case "null":
      case "boolean":
      case "int":
      case "long":
      case "float":
      case "double":
      case "bytes":
      case "string":
        return this.#primitive(type.kind);
    }
  }

  #primitive(kind: AvroPrimitive): void {
    switch (kind) {
      case "null":
        return;
      case "boolean":
        if (this.#byte() > 1) throw new RangeError("no boolean");
        return;
      case "int":
      case "long":
        this.#long();
        return;
      case "float":
        return this.#pass(4);
      case "double":
        return this.#pass(8);
      case "bytes":
      case "string":
        this.#pass(this.#long());
    }
  }

  #oneOf<Choice>(choices: readonly Choice[]): Choice {
    const choice = choices[this.#long()];
    if (choice === undefined) throw new RangeError("no such choice");
    return choice;
  }

  /** Items come in blocks, each with its item count. A negative count is followed by the block's size. */
  #blocks(item: () => void): void {
    for (;;) {
      const count = this.#long();
      if (count === 0) return;
      if (count < 0) this.#long();
      // Otherwise a few bytes could claim an endless list of items that have no bytes.
      if (Math.abs(count) > this.#bytes.length) throw new RangeError("more items than bytes");
      for (let index = 0; index < Math.abs(count); index += 1) item();
    }
  }

  #long(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      if (factor > 2 ** 63) throw new RangeError("number too long");
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new RangeError("too short");
    this.#at += 1;
    return byte;
  }

  #pass(length: number): void {
    if (length < 0 || this.#at + length > this.#bytes.length) throw new RangeError("too short");
    this.#at += length;
  }
}
