import type { ApplicationProperties, PropertyValue } from "../../engine/message-content.ts";
import { AmqpDecoder } from "../transport/amqp-decoder.ts";
import { encode } from "../transport/amqp-encoder.ts";
import {
  binary,
  boolean,
  entriesOf,
  map,
  NULL,
  string,
  symbol,
  textOf,
  timestamp,
  type AmqpEntry,
  type AmqpValue,
} from "../transport/amqp-value.ts";

/** Reads a map of application properties, or of any other values that may be among them. */
export function propertiesOf(value: AmqpValue | undefined): ApplicationProperties {
  return new Map(
    entriesOf(value).flatMap(([key, element]) => {
      const name = textOf(key);
      return name === undefined ? [] : [[name, propertyOf(element)] as const];
    }),
  );
}

function propertyOf(value: AmqpValue): PropertyValue {
  switch (value.type) {
    case "ulong":
    case "long":
      return { type: value.type, value: fitted(value.value) };
    case "char":
      return { type: "char", value: String.fromCodePoint(Math.min(value.value, 0x10_ff_ff)) };
    case "decimal32":
    case "decimal64":
    case "decimal128":
    case "list":
    case "map":
    case "array":
    case "described":
      return { type: "opaque", value: encode(value) };
    case "null":
    case "boolean":
    case "ubyte":
    case "ushort":
    case "uint":
    case "byte":
    case "short":
    case "int":
    case "float":
    case "double":
    case "timestamp":
    case "uuid":
    case "binary":
    case "string":
    case "symbol":
      return value;
  }
}

/** Writes the map that a message or a request contains. */
export function propertiesMap(properties: ApplicationProperties): AmqpValue {
  return map([...properties].map(([name, value]): AmqpEntry => [string(name), valueOf(value)]));
}

export function valueOf({ type, value }: PropertyValue): AmqpValue {
  switch (type) {
    case "null":
      return NULL;
    case "boolean":
      return boolean(value === true);
    case "string":
      return string(String(value));
    case "symbol":
      return symbol(String(value));
    case "uuid":
      return { type, value: String(value) };
    case "char":
      return { type, value: String(value).codePointAt(0) ?? 0 };
    case "ulong":
    case "long":
      return { type, value: typeof value === "bigint" ? value : BigInt(Math.trunc(Number(value))) };
    case "timestamp":
      return timestamp(Number(value));
    case "binary":
      return binary(bytesOf(value));
    case "opaque":
      return new AmqpDecoder(bytesOf(value)).read();
    case "ubyte":
    case "ushort":
    case "uint":
    case "byte":
    case "short":
    case "int":
    case "float":
    case "double":
      return { type, value: Number(value) };
  }
}

function fitted(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function bytesOf(value: PropertyValue["value"]): Buffer {
  return value instanceof Uint8Array ? Buffer.from(value) : Buffer.alloc(0);
}
