import type { ServiceBusMessage } from "@azure/service-bus";
import { jsonOf } from "./read-body.ts";

/** A property as the SDK writes it; also bytes, which its type leaves out. */
export type PropertyValue = NonNullable<ServiceBusMessage["applicationProperties"]>[string];

/** Leaves strings as they are. Turns everything else into text, with the name of its type. */
export function textOfValue(value: unknown): { readonly text: string; readonly type?: string } {
  if (typeof value === "string") return { text: value };
  if (value === null || value === undefined) return { text: "", type: "null" };
  if (value instanceof Date) return { text: textOfDate(value), type: "timestamp" };
  if (value instanceof Uint8Array) return { text: Buffer.from(value).toString("base64"), type: "binary" };
  if (typeof value === "object") return { text: jsonOf(value), type: "object" };
  return { text: `${value as string | number | bigint | boolean}`, type: typeof value };
}

/** AMQP has times that a `Date` cannot hold. */
function textOfDate(date: Date): string {
  return Number.isNaN(date.getTime()) ? String(date) : date.toISOString();
}

/**
 * The reverse, for the copy of a foreign message. What cannot be written as it was stays a text: lists, maps
 * and described values, times beyond a `Date`, NaN, and whole doubles beyond 64 bits.
 */
export function valueOfText(text: string, type: string | undefined): PropertyValue {
  if (type === "null") return null;
  if (type === "boolean") return text === "true";
  if (type === "binary") return Buffer.from(text, "base64") as unknown as PropertyValue;
  if (type === "number") return isWritable(Number(text)) ? Number(text) : text;
  const date = type === "timestamp" ? new Date(text) : undefined;
  return date === undefined || Number.isNaN(date.getTime()) ? text : date;
}

/** A property of a message that the SDK has read, for a copy: as it is, or as text if it cannot be written. */
export function writable(value: unknown): PropertyValue {
  const isNone = typeof value === "number" ? !isWritable(value) : String(value) === "Invalid Date";
  return isNone ? textOfValue(value).text : (value as PropertyValue);
}

/** Without the head, which is as long as that of a text. */
export function sizeOfValue(value: PropertyValue): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  const bytes: unknown = value;
  return bytes instanceof Uint8Array ? bytes.byteLength : MAX_FIXED_BYTES;
}

/** The longest of the numbers and times. */
const MAX_FIXED_BYTES = 8;

/** rhea 3.0.5 writes NaN as null, and every whole number as an integer, for which some are too large. */
function isWritable(value: number): boolean {
  return !Number.isNaN(value) && (!Number.isInteger(value) || (value < 2 ** 64 && value >= -(2 ** 63)));
}
