import { once } from "node:events";
import rhea, { type Message } from "rhea";
import { compound, described, uintBytes, variable } from "./amqp-bytes.ts";

/** A message, or its bytes on the wire. */
export type Foreign = Partial<Message> | Buffer;

/** Sends messages as a program in any other language would, without our code and without the SDK. */
export async function sendForeign(
  endpoint: string,
  queue: string,
  messages: readonly Foreign[],
): Promise<void> {
  const { hostname: host, port } = new URL(`amqp://${endpoint}`);
  const connection = rhea.create_container().connect({ host, port: Number(port), reconnect: false });
  try {
    const sender = connection.open_sender(queue);
    await once(sender, "sendable");
    for (const message of messages) {
      const accepted = once(sender, "accepted");
      // A message format makes rhea send the bytes as they are.
      if (Buffer.isBuffer(message)) sender.send(message, undefined, 0);
      else sender.send({ body: undefined, ...message });
      // oxlint-disable-next-line no-await-in-loop -- in their order
      await accepted;
    }
  } finally {
    connection.close();
  }
}

const hex = (digits: string): Buffer => Buffer.from(digits, "hex");
const { types, message: amqp } = rhea;
// These are missing in rhea's type declarations.
const { Decimal32, Decimal64, Decimal128 } = types as unknown as Record<string, (bytes: Buffer) => unknown>;
export const UUID = hex("000102030405060708090a0b0c0d0e0f");

/** By type: a value on the wire, the text that a consumer gets for it, and the type that it is told. */
export const VALUES: Readonly<Record<string, readonly [value: unknown, text: string, type?: string]>> = {
  string: ["é".repeat(300), "é".repeat(300)],
  symbol: [types.wrap_symbol("s"), "s"],
  null: [types.wrap(null), "", "null"],
  boolean: [types.wrap_boolean(false), "false", "boolean"],
  byte: [types.wrap_byte(-1), "-1", "number"],
  uint: [types.wrap_uint(4_294_967_295), "4294967295", "number"],
  ulong: [types.wrap_ulong(2 ** 53 - 1), "9007199254740991", "number"],
  "ulong beyond JavaScript's numbers": [types.wrap_ulong(hex("fffffffffffffff0")), "//////////A=", "binary"],
  "long beyond JavaScript's numbers": [types.wrap_long(hex("8000000000000000")), "gAAAAAAAAAA=", "binary"],
  double: [types.wrap_double(1.5), "1.5", "number"],
  "whole number beyond 64 bits": [types.wrap_double(1e300), "1e+300", "number"],
  "negative number": [types.wrap_long(-(2 ** 52)), String(-(2 ** 52)), "number"],
  NaN: [types.wrap_double(Number.NaN), "NaN", "number"],
  decimal32: [Decimal32?.(hex("01020304")), "AQIDBA==", "binary"],
  decimal64: [Decimal64?.(hex("0102030405060708")), "AQIDBAUGBwg=", "binary"],
  decimal128: [Decimal128?.(UUID), UUID.toString("base64"), "binary"],
  uuid: [types.wrap_uuid(UUID), UUID.toString("base64"), "binary"],
  binary: [types.wrap_binary(hex("00ff")), "AP8=", "binary"],
  char: [types.wrap_char(0x1_f6_00), "128512", "number"],
  "first timestamp of .NET": [
    types.wrap_timestamp(-62_135_596_800_000),
    "0001-01-01T00:00:00.000Z",
    "timestamp",
  ],
  "last timestamp of .NET": [
    types.wrap_timestamp(253_402_300_799_999),
    "9999-12-31T23:59:59.999Z",
    "timestamp",
  ],
  "last timestamp of AMQP": [types.wrap_timestamp(hex("7fffffffffffffff")), "Invalid Date", "timestamp"],
  list: [types.wrap_list([1, "a", null] as never), '[1,"a",null]', "object"],
  map: [types.wrap_map({ a: 1, b: { c: UUID } }), `{"a":1,"b":{"c":"${UUID.toString("base64")}"}}`, "object"],
  "empty list": [types.wrap_list([]), "[]", "object"],
  array: [types.wrap_array([1, 2] as never, 0x71, undefined), "[1,2]", "object"],
  "empty array": [types.wrap_array([] as never, 0x71, undefined), "[]", "object"],
  "array of symbols": [types.wrap_array(["a"] as never, 0xb3, undefined), '["a"]', "object"],
  described: [types.wrap_described("x", "com.microsoft:uri"), '"x"', "object"],
};

/**
 * A message whose body is a list in a list, and so on. At this depth rhea's stack overflows, wherever it reads
 * it: some 2,000 lists are enough.
 */
export function deepMessage(id: string, depth = 20_000): Buffer {
  let bytes = 1;
  const heads = Array.from({ length: depth }, () => {
    const head = Buffer.concat([Buffer.of(0xd0), uintBytes(bytes + 4, 4), uintBytes(1, 4)]);
    bytes += head.length;
    return head;
  });
  const properties = described(PROPERTIES, compound(0xd0, [variable(0xa1, Buffer.from(id))]));
  return Buffer.concat([
    properties,
    described(VALUE, Buffer.concat([...heads.toReversed(), Buffer.of(0x45)])),
  ]);
}

const PROPERTIES = Buffer.of(0x53, 0x73);
const VALUE = Buffer.of(0x53, 0x77);

/** By form: a body on the wire, and the text of the bytes that a consumer gets. */
export const BODIES: Readonly<Record<string, readonly [body: unknown, text: string, contentType?: string]>> =
  {
    "data section": [amqp.data_section(Buffer.from("ab")), "ab"],
    "several data sections": [amqp.data_sections([Buffer.from("a"), Buffer.from("b")]), "ab"],
    sequence: [amqp.sequence_section([1, "a"] as never), '[1,"a"]', "application/json"],
    text: ["text", "text", "text/plain"],
    number: [types.wrap_ulong(5), "5", "application/json"],
    null: [types.wrap(null), "null", "application/json"],
    map: [types.wrap_map({ a: { b: [1] } }), '{"a":{"b":[1]}}', "application/json"],
    binary: [types.wrap_binary(Buffer.from("ab")), "ab"],
    described: [types.wrap_described("x", "com.microsoft:uri"), "x", "text/plain"],
  };
