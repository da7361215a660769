/**
 * Writers for the few ASN.1 types that a certificate uses: https://www.itu.int/rec/T-REC-X.690 (2026-11-29).
 */
export const der = {
  sequence: (...parts: readonly Buffer[]): Buffer => tagged(0x30, ...parts),
  set: (...parts: readonly Buffer[]): Buffer => tagged(0x31, ...parts),
  /** `bytes` is a big-endian number >= 0 without leading zero bytes. */
  integer: (bytes: Buffer): Buffer =>
    tagged(0x02, (bytes[0] ?? 0) >= SIGN_BIT ? Buffer.concat([Buffer.of(0), bytes]) : bytes),
  true: (): Buffer => tagged(0x01, Buffer.of(0xff)),
  octets: (...parts: readonly Buffer[]): Buffer => tagged(0x04, ...parts),
  bits: (bytes: Buffer, unused = 0): Buffer => tagged(0x03, Buffer.of(unused), bytes),
  text: (value: string): Buffer => tagged(0x0c, Buffer.from(value)),
  oid: (dotted: string): Buffer => tagged(0x06, oidBytes(dotted)),
  time: (epochMs: number): Buffer => timeOf(epochMs),
  /** A `[number]` tag, constructed if it holds other elements. */
  context: (number: number, isConstructed: boolean, ...parts: readonly Buffer[]): Buffer =>
    tagged(0x80 | (isConstructed ? 0x20 : 0) | number, ...parts),
};

const SIGN_BIT = 0x80;
const LAST_SHORT_LENGTH = 0x7f;
const FIRST_YEAR_OF_LONG_TIME = 2050;

function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length <= LAST_SHORT_LENGTH) return Buffer.of(length);
  const hex = length.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes]);
}

function oidBytes(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return Buffer.from([first * 40 + second, ...rest.flatMap(base128)]);
}

/** Seven bits per byte; all bytes but the last have the high bit set. */
function base128(value: number): readonly number[] {
  const bytes = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) bytes.unshift(0x80 | (left & 0x7f));
  return bytes;
}

function timeOf(epochMs: number): Buffer {
  const date = new Date(epochMs);
  const digits = date.toISOString().slice(0, 19).replaceAll(/[-:T]/g, "");
  return date.getUTCFullYear() < FIRST_YEAR_OF_LONG_TIME
    ? tagged(0x17, Buffer.from(`${digits.slice(2)}Z`))
    : tagged(0x18, Buffer.from(`${digits}Z`));
}
