import type { AmqpValue, SmallNumberType } from "./amqp-value.ts";

const FIRST_BYTES = 256;

type Plain = Exclude<AmqpValue, { readonly type: "described" }>;
type Variable = Extract<AmqpValue, { readonly type: "binary" | "string" | "symbol" }>;

/** Writes typed values. The buffer grows as needed. */
export class AmqpEncoder {
  #bytes: Buffer;
  #length = 0;

  /** `extraBytes` is how much longer than usual the result will be, if known. */
  constructor(extraBytes = 0) {
    this.#bytes = Buffer.allocUnsafe(FIRST_BYTES + extraBytes);
  }

  /** Returns what was written so far. Call it last: it is a view, which the next write may outgrow. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  write(value: AmqpValue): this {
    if (value.type !== "described") return this.#plain(value, false);
    this.byte(0x00).write(value.descriptor);
    return value.value.type === "described" ? this.write(value.value) : this.#plain(value.value, true);
  }

  byte(value: number): this {
    const at = this.#reserve(1);
    this.#bytes[at] = value & 0xff;
    return this;
  }

  uint16(value: number): this {
    const at = this.#reserve(2);
    this.#bytes.writeUInt16BE(value & 0xff_ff, at);
    return this;
  }

  uint32(value: number): this {
    const at = this.#reserve(4);
    this.#bytes.writeUInt32BE(value >>> 0, at);
    return this;
  }

  uint64(value: bigint): this {
    const at = this.#reserve(8);
    this.#bytes.writeBigUInt64BE(BigInt.asUintN(64, value), at);
    return this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Writes the number of bytes written since `from` into the four bytes before `from`. */
  closeSize(from: number): this {
    this.#bytes.writeUInt32BE(this.#length - from, from - 4);
    return this;
  }

  #plain(value: Plain, isDescribed: boolean): this {
    switch (value.type) {
      case "null":
        return this.byte(0x40);
      case "boolean":
        return this.byte(value.value ? 0x41 : 0x42);
      case "uint":
        return this.#uint(value);
      case "ulong":
        return this.#ulong(value);
      case "int":
        return isSmall(value.value) ? this.byte(0x54).byte(value.value) : this.#wide(value);
      case "long":
        return isSmall(value.value) ? this.byte(0x55).byte(Number(value.value)) : this.#wide(value);
      case "list":
        // The SDK reads a rule's described lists only in a long form. Seen with @azure/service-bus 7.9.5.
        return value.value.length === 0 && !isDescribed ? this.byte(0x45) : this.#wide(value);
      case "binary":
      case "string":
      case "symbol":
        return this.#variable(value);
      case "ubyte":
      case "ushort":
      case "byte":
      case "short":
      case "float":
      case "double":
      case "char":
      case "timestamp":
      case "uuid":
      case "decimal32":
      case "decimal64":
      case "decimal128":
      case "map":
      case "array":
        return this.#wide(value);
    }
  }

  #uint(value: Extract<AmqpValue, { readonly type: SmallNumberType }>): this {
    if (value.value === 0) return this.byte(0x43);
    return value.value > 0 && value.value < 256 ? this.byte(0x52).byte(value.value) : this.#wide(value);
  }

  #ulong(value: Extract<AmqpValue, { readonly type: "ulong" | "long" }>): this {
    if (value.value === 0n) return this.byte(0x44);
    if (value.value > 0n && value.value < 256n) return this.byte(0x53).byte(Number(value.value));
    return this.#wide(value);
  }

  #variable(value: Variable): this {
    const bytes = bytesOf(value);
    const code = WIDE_CODES[value.type];
    if (bytes.length > 255) return this.byte(code).uint32(bytes.length).raw(bytes);
    return this.byte(code - 0x10)
      .byte(bytes.length)
      .raw(bytes);
  }

  /** Writes constructor and value in full width. */
  #wide(value: Plain): this {
    return this.byte(WIDE_CODES[value.type]).#content(value);
  }

  /** Writes what follows a constructor. */
  #content(value: Plain): this {
    switch (value.type) {
      case "null":
        return this;
      case "boolean":
        return this.byte(value.value ? 1 : 0);
      case "ubyte":
      case "byte":
        return this.byte(value.value);
      case "ushort":
      case "short":
        return this.uint16(value.value);
      case "uint":
      case "int":
      case "char":
        return this.uint32(value.value);
      case "float":
      case "double":
        return this.#floating(value.value, value.type);
      case "ulong":
      case "long":
        return this.uint64(value.value);
      case "timestamp":
        return this.uint64(BigInt(Math.trunc(value.value)));
      case "uuid":
        return this.raw(Buffer.from(value.value.replaceAll("-", ""), "hex"));
      case "decimal32":
      case "decimal64":
      case "decimal128":
        return this.raw(value.value);
      case "binary":
      case "string":
      case "symbol": {
        const bytes = bytesOf(value);
        return this.uint32(bytes.length).raw(bytes);
      }
      case "list":
      case "map":
      case "array":
        return this.#compound(value);
    }
  }

  #floating(value: number, type: "float" | "double"): this {
    const at = this.#reserve(type === "float" ? 4 : 8);
    if (type === "float") this.#bytes.writeFloatBE(value, at);
    else this.#bytes.writeDoubleBE(value, at);
    return this;
  }

  #compound(value: Extract<AmqpValue, { readonly type: "list" | "map" | "array" }>): this {
    const from = this.uint32(0).#length;
    if (value.type === "map") {
      this.uint32(value.value.length * 2);
      for (const [key, element] of value.value) this.write(key).write(element);
      return this.closeSize(from);
    }
    this.uint32(value.value.length);
    if (value.type === "list") for (const element of value.value) this.write(element);
    else this.#arrayElements(value);
    return this.closeSize(from);
  }

  /** The elements share one constructor. It is written in full width, whatever its width was when read. */
  #arrayElements({ of, value }: Extract<AmqpValue, { readonly type: "array" }>): void {
    const [first] = value;
    if (first?.type === "described") this.byte(0x00).write(first.descriptor);
    this.byte(WIDE_CODES[of]);
    for (const element of value) {
      const plain = element.type === "described" ? element.value : element;
      if (plain.type !== "described") this.#content(plain);
    }
  }

  /** Makes room and returns where it begins. */
  #reserve(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
    }
    return at;
  }
}

/** Encodes one value. */
export function encode(value: AmqpValue): Buffer {
  return new AmqpEncoder().write(value).bytes();
}

// Constructors of full width. https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-types-v1.0-os.html (2026-11-29)
const WIDE_CODES: Readonly<Record<Plain["type"], number>> = {
  null: 0x40,
  boolean: 0x56,
  ubyte: 0x50,
  ushort: 0x60,
  uint: 0x70,
  ulong: 0x80,
  byte: 0x51,
  short: 0x61,
  int: 0x71,
  long: 0x81,
  float: 0x72,
  double: 0x82,
  decimal32: 0x74,
  decimal64: 0x84,
  decimal128: 0x94,
  char: 0x73,
  timestamp: 0x83,
  uuid: 0x98,
  binary: 0xb0,
  string: 0xb1,
  symbol: 0xb3,
  list: 0xd0,
  map: 0xd1,
  array: 0xf0,
};

const isSmall = (value: number | bigint): boolean => value >= -128 && value <= 127;

function bytesOf(value: Variable): Uint8Array {
  if (value.type === "binary") return value.value;
  return Buffer.from(value.value, value.type === "string" ? "utf8" : "latin1");
}
