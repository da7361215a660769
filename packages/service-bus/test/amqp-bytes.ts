import fc from "fast-check";

// AMQP 1.0 in bytes, without a library: every code that the specification has for a type.
// https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-types-v1.0-os.html, 1.6 (2026-11-30)

const NULL = 0x40;

export function uintBytes(value: number, width: number): Buffer {
  const bytes = Buffer.alloc(width);
  bytes.writeUIntBE(value, 0, width);
  return bytes;
}

export function bytesOf(length: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength: length, maxLength: length }).map((each) => Buffer.from(each));
}

/** Writes a value with its size in front, of one byte or four. */
export function variable(code: number, content: Uint8Array): Buffer {
  const width = code < 0xb0 ? 1 : 4;
  return Buffer.concat([Buffer.of(code), uintBytes(content.length, width), content]);
}

export function compound(code: number, items: readonly Buffer[]): Buffer {
  if (code === 0x45) return Buffer.of(code);
  const width = code < 0xd0 ? 1 : 4;
  const content = Buffer.concat(items);
  if (width === 1 && content.length > 0xfe) return compound(code + 0x10, items);
  const head = [Buffer.of(code), uintBytes(content.length + width, width), uintBytes(items.length, width)];
  return Buffer.concat([...head, content]);
}

const SHORT_ULONG = 0x53;

export function described(descriptor: Buffer, value: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0x00), descriptor, value]);
}

/** The descriptor of a type of the specification: almost always in its usual form. */
export function descriptor(code: number, name: string): fc.Arbitrary<Buffer> {
  return fc.oneof(
    { weight: 200, arbitrary: fc.constant(Buffer.of(SHORT_ULONG, code)) },
    { weight: 1, arbitrary: fc.constant(Buffer.concat([Buffer.of(0x80), Buffer.alloc(7), Buffer.of(code)])) },
    { weight: 1, arbitrary: fc.constantFrom(0xa3, 0xb3).map((width) => variable(width, Buffer.from(name))) },
  );
}

const text = fc.string({ unit: "grapheme", maxLength: 12 }).map((each) => Buffer.from(each));
const ascii = fc.stringMatching(/^[a-z:.]{0,9}$/).map((each) => Buffer.from(each));
const binary = fc.uint8Array({ maxLength: 20 });
/** Eight bytes, also near the largest and smallest numbers that are exact in JavaScript. */
const eight = fc.oneof(
  bytesOf(8),
  fc
    .tuple(
      fc.constantFrom(0, 1, 2_097_151, 2_097_152, 2_097_153, 0xff_df_ff_ff, 0xff_e0_00_00, 0xff_ff_ff_ff),
      bytesOf(4),
    )
    .map(([high, low]) => Buffer.concat([uintBytes(high, 4), low])),
);

const coded =
  (code: number) =>
  (content: Buffer): Buffer =>
    Buffer.concat([Buffer.of(code), content]);
const fixed = (codes: readonly number[], content: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc.tuple(fc.constantFrom(...codes), content).map(([code, bytes]) => coded(code)(bytes));
const sized = (codes: readonly number[], content: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Buffer> =>
  fc.tuple(fc.constantFrom(...codes), content).map(([code, bytes]) => variable(code, bytes));

const STRING: fc.Arbitrary<Buffer> = sized([0xa1, 0xa1, 0xb1], text);
const SYMBOL: fc.Arbitrary<Buffer> = sized([0xa3, 0xa3, 0xb3], ascii);
const BINARY: fc.Arbitrary<Buffer> = sized([0xa0, 0xa0, 0xb0], binary);

/** Each of AMQP's scalar types. */
const scalar: fc.Arbitrary<Buffer> = fc.oneof(
  fixed([NULL, 0x41, 0x42, 0x43, 0x44], fc.constant(Buffer.alloc(0))),
  fixed([0x50, 0x51, 0x52, 0x53, 0x54, 0x55], bytesOf(1)),
  fixed([0x56], fc.constantFrom(Buffer.of(0), Buffer.of(1))),
  fixed([0x60, 0x61], bytesOf(2)),
  fixed([0x70, 0x71, 0x72, 0x73, 0x74], bytesOf(4)),
  fixed([0x80, 0x81, 0x82, 0x83, 0x84], eight),
  fixed([0x94, 0x98], bytesOf(16)),
  STRING,
  SYMBOL,
  BINARY,
);

const ARRAY_ITEMS: Readonly<Record<number, number>> = { 0x50: 1, 0x61: 2, 0x71: 4, 0x83: 8, 0x98: 16 };
const array = fc
  .tuple(fc.constantFrom(0xe0, 0xf0), fc.constantFrom(...Object.keys(ARRAY_ITEMS).map(Number)), fc.nat(3))
  .map(([code, item, count]) => {
    const width = code === 0xe0 ? 1 : 4;
    const content = Buffer.alloc(count * (ARRAY_ITEMS[item] ?? 0), 1);
    const sizes = [uintBytes(content.length + 1 + width, width), uintBytes(count, width)];
    return Buffer.concat([Buffer.of(code), ...sizes, Buffer.of(item), content]);
  });

/** A value of any type; lists and maps may contain each other. */
export const { value: VALUE } = fc.letrec<{ value: Buffer; list: Buffer; map: Buffer }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    { weight: 6, arbitrary: scalar },
    tie("list"),
    tie("map"),
    array,
    fc
      .tuple(fc.oneof(SYMBOL, fc.constant(Buffer.of(SHORT_ULONG, 0x1d))), tie("value"))
      .map(([own, inner]) => described(own, inner)),
  ),
  list: fc
    .tuple(fc.constantFrom(0xc0, 0xd0), fc.array(tie("value"), { maxLength: 3 }))
    .map(([code, items]) => (items.length === 0 ? compound(0x45, items) : compound(code, items))),
  map: fc
    .tuple(fc.constantFrom(0xc1, 0xd1), fc.array(fc.tuple(STRING, tie("value")), { maxLength: 3 }))
    .map(([code, entries]) => compound(code, entries.flat())),
}));

const nothing = fc.constant(Buffer.of(NULL));
const UINT: fc.Arbitrary<Buffer> = fc.oneof(
  fixed([0x43], fc.constant(Buffer.alloc(0))),
  fixed([0x52], bytesOf(1)),
  fixed([0x70], bytesOf(4)),
);
const flag = fixed([0x41, 0x42], fc.constant(Buffer.alloc(0)));
const timestamp = fixed(
  [0x83],
  fc.oneof(
    { weight: 60, arbitrary: fc.nat().map((each) => Buffer.concat([Buffer.alloc(4), uintBytes(each, 4)])) },
    { weight: 1, arbitrary: eight },
  ),
);
const id = fc.oneof(
  STRING,
  BINARY,
  fixed([0x98], bytesOf(16)),
  fixed([0x80], eight),
  fixed([0x53], bytesOf(1)),
);

/** Mostly the value that belongs there. */
const usually = (own: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc.oneof(
    { weight: 200, arbitrary: own },
    { weight: 200, arbitrary: nothing },
    { weight: 1, arbitrary: VALUE },
  );

const listOf = (fields: readonly fc.Arbitrary<Buffer>[]): fc.Arbitrary<Buffer> =>
  fc
    .tuple(fc.constantFrom(0xc0, 0xd0), fc.tuple(...fields), fc.nat(fields.length))
    .map(([code, all, count]) => (count === 0 ? compound(0x45, []) : compound(code, all.slice(0, count))));

const mapOf = (name: fc.Arbitrary<Buffer>, content: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(fc.constantFrom(0xc1, 0xd1), fc.array(fc.tuple(name, content), { maxLength: 4 }))
    .map(([code, entries]) => compound(code, entries.flat()));

const plainValue = fc.oneof(
  {
    weight: 200,
    arbitrary: fc.oneof(STRING, SYMBOL, flag, timestamp, UINT, fixed([0x81, 0x82], eight), BINARY, nothing),
  },
  { weight: 2, arbitrary: scalar },
  { weight: 1, arbitrary: VALUE },
);
const annotationName = fc
  .constantFrom(
    "x-opt-sequence-number",
    "x-opt-enqueued-time",
    "x-opt-locked-until",
    "x-opt-partition-key",
    "own",
  )
  .chain((name) =>
    fc
      .constantFrom(...Array.from({ length: 30 }, () => 0xa3), 0xb3)
      .map((code) => variable(code, Buffer.from(name))),
  );
const propertyName = fc.oneof(
  { weight: 90, arbitrary: sized([0xa1], text) },
  {
    weight: 9,
    arbitrary: fc.constantFrom("__proto__", "toString", "").map((name) => variable(0xa1, Buffer.from(name))),
  },
  { weight: 1, arbitrary: VALUE },
);

const section = (code: number, name: string, content: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc.tuple(descriptor(code, name), content).map(([own, inner]) => described(own, inner));
const data = section(0x75, "amqp:data:binary", sized([0xa0, 0xb0], binary));
const perhaps = (one: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> => fc.option(one, { nil: Buffer.alloc(0) });

const headers = fc.tuple(
  perhaps(
    section(
      0x70,
      "amqp:header:list",
      listOf([
        usually(flag),
        usually(fixed([0x50], bytesOf(1))),
        usually(UINT),
        usually(flag),
        usually(UINT),
      ]),
    ),
  ),
  perhaps(section(0x71, "amqp:delivery-annotations:map", mapOf(annotationName, plainValue))),
  perhaps(section(0x72, "amqp:message-annotations:map", mapOf(annotationName, plainValue))),
  perhaps(
    section(
      0x73,
      "amqp:properties:list",
      listOf(
        [
          id,
          BINARY,
          STRING,
          STRING,
          STRING,
          id,
          SYMBOL,
          SYMBOL,
          timestamp,
          timestamp,
          STRING,
          UINT,
          STRING,
        ].map((each) => usually(each)),
      ),
    ),
  ),
  perhaps(section(0x74, "amqp:application-properties:map", mapOf(propertyName, plainValue))),
);
const body = fc.oneof(
  { weight: 20, arbitrary: data },
  {
    weight: 1,
    arbitrary: fc.array(data, { minLength: 2, maxLength: 3 }).map((parts) => Buffer.concat(parts)),
  },
  { weight: 4, arbitrary: section(0x77, "amqp:amqp-value:*", VALUE) },
  {
    weight: 1,
    arbitrary: fc
      .array(section(0x76, "amqp:amqp-sequence:list", compoundList()), { minLength: 1, maxLength: 2 })
      .map((parts) => Buffer.concat(parts)),
  },
);
const footer = fc.oneof(
  { weight: 20, arbitrary: fc.constant(Buffer.alloc(0)) },
  { weight: 1, arbitrary: section(0x78, "amqp:footer:map", mapOf(SYMBOL, VALUE)) },
  { weight: 1, arbitrary: section(0x79, "own:section", VALUE) },
);

function compoundList(): fc.Arbitrary<Buffer> {
  return fc.array(VALUE, { maxLength: 3 }).map((items) => compound(0xd0, items));
}

/** A message. In most of them each section comes once and in its order. */
export const MESSAGE: fc.Arbitrary<Buffer> = fc
  .tuple(headers, body, footer, fc.nat(40))
  .map(([first, middle, last, swap]) => {
    const sections = [...first, middle, last];
    // Out of order, or twice.
    if (swap === 0) sections.reverse();
    if (swap === 1) sections.push(...first);
    return Buffer.concat(sections);
  });
