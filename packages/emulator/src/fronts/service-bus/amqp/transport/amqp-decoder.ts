import {
  NULL,
  type AmqpEntry,
  type AmqpValue,
  type ElementType,
  type SmallNumberType,
} from "./amqp-value.ts";

/** Bytes that are not valid AMQP 1.0. */
export class AmqpDecodeError extends Error {
  override readonly name = "AmqpDecodeError";
}

// Deeper than any client nests. Without a limit, a few kilobytes could exhaust the stack.
const MAX_DEPTH = 32;

type Read = (decoder: AmqpDecoder) => AmqpValue;

/** Reads typed values from a buffer. Binary values are views of the buffer, not copies. */
export class AmqpDecoder {
  readonly #bytes: Buffer;
  #position: number;
  #depth = 0;

  constructor(bytes: Buffer, position = 0) {
    this.#bytes = bytes;
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  read(): AmqpValue {
    return this.readWith(this.byte());
  }

  /** Reads a value whose constructor was already read. */
  readWith(code: number): AmqpValue {
    if (code === 0x00) return this.#described();
    const read = READERS[code];
    if (read === undefined) {
      throw new AmqpDecodeError(`No AMQP type has the constructor 0x${code.toString(16)}.`);
    }
    return read(this);
  }

  byte(): number {
    return this.take(1).readUInt8();
  }

  take(length: number): Buffer {
    if (length > this.remaining) throw new AmqpDecodeError("A value ends beyond its frame.");
    const from = this.#position;
    this.#position += length;
    return this.#bytes.subarray(from, this.#position);
  }

  size(width: 1 | 4): number {
    return width === 1 ? this.byte() : this.take(4).readUInt32BE();
  }

  /** Reads the elements of a list or map: size, count, values. */
  compound(width: 1 | 4): AmqpValue[] {
    const end = this.size(width) + this.#position;
    const count = this.size(width);
    this.#enter(count);
    const values: AmqpValue[] = [];
    for (let index = 0; index < count; index++) values.push(this.read());
    this.#depth -= 1;
    if (this.#position !== end) throw new AmqpDecodeError("A list or map is not as long as it says.");
    return values;
  }

  /** Reads an array, whose elements share one constructor. */
  array(width: 1 | 4): AmqpValue {
    this.size(width);
    const count = this.size(width);
    let code = this.byte();
    let descriptor: AmqpValue | undefined;
    if (code === 0x00) {
      descriptor = this.read();
      code = this.byte();
    }
    this.#enter(count);
    const value: AmqpValue[] = [];
    let of: ElementType = "null";
    for (let index = 0; index < count; index++) {
      const element = this.readWith(code);
      if (element.type === "described") throw new AmqpDecodeError("An array's descriptor is repeated.");
      of = element.type;
      value.push(descriptor === undefined ? element : { type: "described", descriptor, value: element });
    }
    this.#depth -= 1;
    return { type: "array", of, value };
  }

  #described(): AmqpValue {
    this.#enter(0);
    const descriptor = this.read();
    const value = this.read();
    this.#depth -= 1;
    return { type: "described", descriptor, value };
  }

  /** Limits the count too, because null elements of an array take no bytes. */
  #enter(count: number): void {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new AmqpDecodeError("Values are nested too deeply.");
    if (count > this.#bytes.length) throw new AmqpDecodeError("A list has more elements than bytes.");
  }
}

const small =
  (type: SmallNumberType, width: number, get: (bytes: Buffer) => number): Read =>
  (decoder) => ({ type, value: get(decoder.take(width)) });

const fixedNumber =
  (type: SmallNumberType, value: number): Read =>
  () => ({ type, value });

const text =
  (type: "string" | "symbol", width: 1 | 4): Read =>
  (decoder) => ({
    type,
    value: decoder.take(decoder.size(width)).toString(type === "string" ? "utf8" : "latin1"),
  });

const binary =
  (width: 1 | 4): Read =>
  (decoder) => ({ type: "binary", value: decoder.take(decoder.size(width)) });

const decimal =
  (type: "decimal32" | "decimal64" | "decimal128", width: number): Read =>
  (decoder) => ({ type, value: decoder.take(width) });

const listOf =
  (width: 1 | 4): Read =>
  (decoder) => ({ type: "list", value: decoder.compound(width) });

const mapOf =
  (width: 1 | 4): Read =>
  (decoder) => ({ type: "map", value: pairs(decoder.compound(width)) });

// Constructors by code. https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-types-v1.0-os.html (2026-11-29)
const READERS: Readonly<Record<number, Read>> = {
  0x40: () => NULL,
  0x41: () => ({ type: "boolean", value: true }),
  0x42: () => ({ type: "boolean", value: false }),
  0x56: (decoder) => ({ type: "boolean", value: decoder.byte() !== 0 }),
  0x50: small("ubyte", 1, (bytes) => bytes.readUInt8()),
  0x60: small("ushort", 2, (bytes) => bytes.readUInt16BE()),
  0x70: small("uint", 4, (bytes) => bytes.readUInt32BE()),
  0x52: small("uint", 1, (bytes) => bytes.readUInt8()),
  0x43: fixedNumber("uint", 0),
  0x80: (decoder) => ({ type: "ulong", value: decoder.take(8).readBigUInt64BE() }),
  0x53: (decoder) => ({ type: "ulong", value: BigInt(decoder.byte()) }),
  0x44: () => ({ type: "ulong", value: 0n }),
  0x51: small("byte", 1, (bytes) => bytes.readInt8()),
  0x61: small("short", 2, (bytes) => bytes.readInt16BE()),
  0x71: small("int", 4, (bytes) => bytes.readInt32BE()),
  0x54: small("int", 1, (bytes) => bytes.readInt8()),
  0x81: (decoder) => ({ type: "long", value: decoder.take(8).readBigInt64BE() }),
  0x55: (decoder) => ({ type: "long", value: BigInt(decoder.take(1).readInt8()) }),
  0x72: small("float", 4, (bytes) => bytes.readFloatBE()),
  0x82: small("double", 8, (bytes) => bytes.readDoubleBE()),
  0x74: decimal("decimal32", 4),
  0x84: decimal("decimal64", 8),
  0x94: decimal("decimal128", 16),
  0x73: small("char", 4, (bytes) => bytes.readUInt32BE()),
  0x83: (decoder) => ({ type: "timestamp", value: Number(decoder.take(8).readBigInt64BE()) }),
  0x98: (decoder) => ({ type: "uuid", value: uuidText(decoder.take(16)) }),
  0xa0: binary(1),
  0xb0: binary(4),
  0xa1: text("string", 1),
  0xb1: text("string", 4),
  0xa3: text("symbol", 1),
  0xb3: text("symbol", 4),
  0x45: () => ({ type: "list", value: [] }),
  0xc0: listOf(1),
  0xd0: listOf(4),
  0xc1: mapOf(1),
  0xd1: mapOf(4),
  0xe0: (decoder) => decoder.array(1),
  0xf0: (decoder) => decoder.array(4),
};

/** Converts 16 bytes in network order to canonical text. */
function uuidText(bytes: Buffer): string {
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function pairs(values: readonly AmqpValue[]): AmqpEntry[] {
  if (values.length % 2 !== 0) throw new AmqpDecodeError("A map has a key without a value.");
  const entries: AmqpEntry[] = [];
  for (let index = 0; index < values.length; index += 2) {
    entries.push([values[index] ?? NULL, values[index + 1] ?? NULL]);
  }
  return entries;
}
