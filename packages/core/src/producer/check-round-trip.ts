import { kindOf } from "../errors/check-options.ts";
import { QueueError } from "../errors/queue-error.ts";
import { askSchema } from "../message/ask-schema.ts";
import { bytesOf, json, type Codec } from "../message/codec.ts";
import type { StandardSchemaV1 } from "../message/standard-schema.ts";
import { isPlainJson } from "./plain-json.ts";

/**
 * Proves that the consumer will get the sender's body: decodes the wire form and checks it again. With a
 * schema the decoded body must pass it; without one it must equal the original. Asynchronous only if the
 * schema is.
 * @throws INVALID_MESSAGE with the path of the value that would be lost.
 */
export function checkRoundTrip(
  body: unknown,
  encoded: Uint8Array | string,
  codec: Codec,
  schema: StandardSchemaV1 | undefined,
): Promise<void> | undefined {
  // A decoded body that equals the original passes the schema too, as the original did.
  if (codec === json() && isPlainJson(body, schema === undefined ? "may leave out" : undefined))
    return undefined;
  const decoded = decode(codec, bytesOf(encoded));
  if (schema === undefined) {
    const difference = differenceOf(body, decoded);
    if (difference !== undefined) throw lost(difference);
    return undefined;
  }
  const verdict = askSchema(schema, decoded, MISFIT, schemaThrew);
  return verdict instanceof Promise ? verdict.then(() => {}) : undefined;
}

const MISFIT = "the body does not fit its schema any more after encoding and decoding";

function schemaThrew(error: unknown): QueueError {
  return lost("the schema threw for what was decoded", error);
}

function decode(codec: Codec, encoded: Uint8Array): unknown {
  try {
    return codec.decode(encoded);
  } catch (error) {
    throw lost(`the codec ${codec.contentType} cannot decode what it encoded`, error);
  }
}

function differenceOf(body: unknown, decoded: unknown): string | undefined {
  try {
    return isSame(body, decoded) ? undefined : firstDifference(body, decoded, "the body");
  } catch (error) {
    // Both comparisons recurse as deep as the body. JSON can nest some levels deeper.
    if (error instanceof RangeError) throw lost("it is nested too deep to be compared", error);
    throw error;
  }
}

/** Returns a sentence about the first value that changed, or undefined if all are equal. */
function firstDifference(before: unknown, after: unknown, path: string): string | undefined {
  // Treats -0 and 0 as equal. NaN does not equal itself, which is right: JSON turns it into null.
  if (before === after) return undefined;
  if (typeof before !== "object" || before === null || typeof after !== "object" || after === null) {
    return `${path} was ${nameOf(before)} and becomes ${nameOf(after)}`;
  }
  if (Array.isArray(before) !== Array.isArray(after) || !isPlain(before)) {
    if (isSame(before, after)) return undefined; // a codec may support dates and maps
    return `${path} was ${nameOf(before)} and becomes ${nameOf(after)}`;
  }
  return firstInnerDifference(before, after, path);
}

function firstInnerDifference(before: object, after: object, path: string): string | undefined {
  // An undefined property reads the same as a missing one; an undefined array element does not.
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  for (const name of names) {
    const inner = Array.isArray(before) ? `${path}[${name}]` : `${path}.${name.slice(0, 80)}`;
    const difference = firstDifference(Reflect.get(before, name), Reflect.get(after, name), inner);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isSame(before: unknown, after: unknown): boolean {
  return process.getBuiltinModule("node:util").isDeepStrictEqual(before, after);
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The kind of a value, without the value itself. */
function nameOf(value: unknown): string {
  if (value === undefined) return "undefined";
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value !== "object" || value === null || isPlain(value)) return kindOf(value);
  const { constructor } = value;
  return typeof constructor === "function" ? `an instance of ${constructor.name}` : "an object";
}

function lost(what: string, cause?: unknown): QueueError {
  return new QueueError("INVALID_MESSAGE", {
    what: `the body would not survive its own encoding: ${what}`,
    remedy:
      "Send plain values that the codec carries, or give the definition a schema or codec that converts them.",
    ...(cause !== undefined && { cause }),
  });
}
