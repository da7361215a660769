/**
 * A value with its AMQP 1.0 type. Types are kept because clients distinguish an `int` from a `long`. A broker
 * that decodes and encodes a value must not change one into the other.
 */
export type AmqpValue =
  | { readonly type: "null"; readonly value: null }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: SmallNumberType; readonly value: number }
  | { readonly type: "ulong" | "long"; readonly value: bigint }
  /** Milliseconds since the epoch. */
  | { readonly type: "timestamp"; readonly value: number }
  /** Canonical form in lower case. */
  | { readonly type: "uuid"; readonly value: string }
  | { readonly type: "binary"; readonly value: Buffer }
  | { readonly type: "string" | "symbol"; readonly value: string }
  /** Passed on unread. */
  | { readonly type: "decimal32" | "decimal64" | "decimal128"; readonly value: Buffer }
  | { readonly type: "list"; readonly value: readonly AmqpValue[] }
  | { readonly type: "map"; readonly value: readonly AmqpEntry[] }
  | { readonly type: "array"; readonly of: ElementType; readonly value: readonly AmqpValue[] }
  | { readonly type: "described"; readonly descriptor: AmqpValue; readonly value: AmqpValue };

export type SmallNumberType =
  | "ubyte"
  | "ushort"
  | "uint"
  | "byte"
  | "short"
  | "int"
  | "float"
  | "double"
  | "char";

/** Type of an array's elements. Elements also share a descriptor, but here each element contains it. */
export type ElementType = Exclude<AmqpValue["type"], "described">;

export type AmqpEntry = readonly [key: AmqpValue, value: AmqpValue];

export const NULL: AmqpValue = { type: "null", value: null };

export const boolean = (value: boolean): AmqpValue => ({ type: "boolean", value });
export const ubyte = (value: number): AmqpValue => ({ type: "ubyte", value });
export const ushort = (value: number): AmqpValue => ({ type: "ushort", value });
export const uint = (value: number): AmqpValue => ({ type: "uint", value });
export const int = (value: number): AmqpValue => ({ type: "int", value });
export const long = (value: bigint): AmqpValue => ({ type: "long", value });
export const ulong = (value: bigint): AmqpValue => ({ type: "ulong", value });
export const timestamp = (value: number): AmqpValue => ({ type: "timestamp", value });
export const binary = (value: Buffer): AmqpValue => ({ type: "binary", value });
export const string = (value: string): AmqpValue => ({ type: "string", value });
export const symbol = (value: string): AmqpValue => ({ type: "symbol", value });
export const list = (value: readonly AmqpValue[]): AmqpValue => ({ type: "list", value });
export const map = (value: readonly AmqpEntry[]): AmqpValue => ({ type: "map", value });

/** The composite types of the specification: lists described by a small number. */
export const composite = (code: bigint, fields: readonly AmqpValue[]): AmqpValue => ({
  type: "described",
  descriptor: ulong(code),
  value: list(fields),
});

export const array = (of: ElementType, value: readonly AmqpValue[]): AmqpValue => ({
  type: "array",
  of,
  value,
});

/** Writes an absent value as null. */
export function optional<Value>(value: Value | undefined, wrap: (value: Value) => AmqpValue): AmqpValue {
  return value === undefined ? NULL : wrap(value);
}

/** Returns the text of either of the two types that hold one. */
export function textOf(value: AmqpValue | undefined): string | undefined {
  return value?.type === "string" || value?.type === "symbol" ? value.value : undefined;
}

/** Returns a finite integer or fraction of any width. Beyond 2^53 it loses precision. */
export function numberOf(value: AmqpValue | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value.value === "number") return Number.isFinite(value.value) ? value.value : undefined;
  return typeof value.value === "bigint" ? Number(value.value) : undefined;
}

/** Returns an integer of any width. */
export function integerOf(value: AmqpValue | undefined): bigint | undefined {
  if (value === undefined) return undefined;
  if (typeof value.value === "bigint") return value.value;
  return typeof value.value === "number" && Number.isInteger(value.value) ? BigInt(value.value) : undefined;
}

/** Returns the elements of a list or array. A single value counts as a list of one. */
export function elementsOf(value: AmqpValue | undefined): readonly AmqpValue[] {
  if (value === undefined || value.type === "null") return [];
  return value.type === "list" || value.type === "array" ? value.value : [value];
}

export function entriesOf(value: AmqpValue | undefined): readonly AmqpEntry[] {
  return value?.type === "map" ? value.value : [];
}

/** Returns the value under a string or symbol key of a map. Null counts as absent. */
export function entryOf(value: AmqpValue | undefined, key: string): AmqpValue | undefined {
  const found = entriesOf(value).find(([name]) => textOf(name) === key)?.[1];
  return found?.type === "null" ? undefined : found;
}
