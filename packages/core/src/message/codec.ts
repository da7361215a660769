import { kindOf } from "../errors/check-options.ts";
import { QueueError } from "../errors/queue-error.ts";

/**
 * Turns bodies into bytes and back, synchronously. Producers use the definition's codec. A consumer chooses
 * by the message's content type: the definition's codec, or `json()`, `text()` or `bytes()` for their types.
 */
export interface Codec {
  /** The content type on the wire, such as `"application/json"`. */
  readonly contentType: string;
  /** Returns the bytes for the wire. Throws if it cannot encode: `send` rejects with INVALID_MESSAGE then. */
  encode(body: unknown): Uint8Array;
  /** Returns the encoded value. Throws if it cannot decode: `onInvalid` says what happens then. */
  decode(bytes: Uint8Array): unknown;
}

/** The text form of a codec whose bytes are the UTF-8 of a text, for when the bytes are not needed. */
export interface TextForm {
  encode(body: unknown): string;
  decode(source: string): unknown;
}

/** Keeps a byte order mark, which belongs to a text. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const BYTE_ORDER_MARK = "\uFEFF";

const JSON_TEXT: TextForm = Object.freeze({
  encode: toJson,
  // JSON of other senders may begin with the mark.
  decode: (source: string) => fromJson(source.startsWith(BYTE_ORDER_MARK) ? source.slice(1) : source),
});
const TEXT_TEXT: TextForm = Object.freeze({ encode: toText, decode: (source: string) => source });
const JSON_CODEC = codecOf("application/json", JSON_TEXT);
const TEXT_CODEC = codecOf("text/plain; charset=utf-8", TEXT_TEXT);
const BYTES_CODEC: Codec = Object.freeze({
  contentType: "application/octet-stream",
  encode: toBytes,
  decode: (bytes: Uint8Array) => bytes,
});

/**
 * JSON in UTF-8, the default. Refuses, instead of changing, what JSON cannot carry (a `Date`, a `Map`, `NaN`)
 * and keys named `__proto__`.
 */
export function json(): Codec {
  return JSON_CODEC;
}

/** UTF-8 text, content type `text/plain`: the body is a string. Lone surrogates are refused. */
export function text(): Codec {
  return TEXT_CODEC;
}

/**
 * Unchanged bytes, content type `application/octet-stream`: the body is a `Uint8Array`, even if another
 * sender wrote another content type.
 */
export function bytes(): Codec {
  return BYTES_CODEC;
}

/* @__NO_SIDE_EFFECTS__ */
function codecOf(contentType: string, form: TextForm): Codec {
  return Object.freeze({
    contentType,
    encode: (body: unknown) => utf8(form.encode(body)),
    decode: (bytes: Uint8Array) => form.decode(decodeText(bytes)),
  });
}

/** Returns undefined if the codec's output is not known to be text. */
export function textFormOf(codec: Codec): TextForm | undefined {
  if (codec === JSON_CODEC) return JSON_TEXT;
  return codec === TEXT_CODEC ? TEXT_TEXT : undefined;
}

/** Returns the bytes of a body that may still be text. */
export function bytesOf(body: Uint8Array | string): Uint8Array {
  return typeof body === "string" ? utf8(body) : body;
}

/**
 * Returns the codec for a received message: the definition's if there is no content type (other senders).
 * @throws INVALID_MESSAGE for a content type without a codec
 */
export function codecFor(contentType: string | undefined, fallback: Codec): Codec {
  if (contentType === undefined || contentType === "" || contentType === fallback.contentType)
    return fallback;
  if (fallback === BYTES_CODEC) return fallback;
  const [essence = "", ...parameters] = contentType.toLowerCase().split(";");
  const type = essence.trim();
  const isUtf8 = parameters.every((parameter) => !/charset\s*=/.test(parameter) || UTF_8.test(parameter));
  if (isUtf8) {
    if (type === fallback.contentType.toLowerCase().split(";", 1)[0]?.trim()) return fallback;
    if (type === "application/json" || type.endsWith("+json")) return JSON_CODEC;
    if (type.startsWith("text/")) return TEXT_CODEC;
    if (type === BYTES_CODEC.contentType) return BYTES_CODEC;
  }
  throw new QueueError("INVALID_MESSAGE", {
    what: `no codec for content type ${JSON.stringify(contentType.slice(0, 100))}`,
    remedy: "Give the definition a codec with this content type, or bytes() to take every body as it is.",
  });
}

const UTF_8 = /charset\s*=\s*"?(?:utf-?8|us-ascii)"?\s*$/;

function toJson(body: unknown): string {
  let encoded: string | undefined;
  try {
    encoded = JSON.stringify(body);
  } catch (error) {
    // V8 names types and property names here, never values.
    const remedy = "Send plain values: no bigint and no circular reference.";
    throw new QueueError("INVALID_MESSAGE", { what: "the body has no JSON form", remedy, cause: error });
  }
  if (encoded === undefined) throw invalid(`the body has no JSON form: it is ${kindOf(body)}`);
  if (mayHoldPrototype(encoded)) refusePrototype(JSON.parse(encoded));
  return encoded;
}

function fromJson(source: string): unknown {
  const value = parse(source);
  if (mayHoldPrototype(source)) refusePrototype(value);
  return value;
}

function parse(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    // Without the cause: its message quotes the text that V8 could not parse.
    throw invalid(`the body is not JSON (${Buffer.byteLength(source)} bytes)`);
  }
}

/** A cheap test before the walk through all values: any character of the name may be a unicode escape. */
function mayHoldPrototype(source: string): boolean {
  return (
    (source.includes("_") && source.includes("__proto__")) ||
    (source.includes("\\") && /\\u00[5-7]/.test(source))
  );
}

/** `JSON.parse` makes `__proto__` an ordinary property, which a later careless copy makes a prototype. */
function refusePrototype(root: unknown): void {
  const open: unknown[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== "object" || value === null) continue;
    if (Object.hasOwn(value, "__proto__")) throw invalid("the body has a key named __proto__");
    for (const inner of Object.values(value)) if (inner !== undefined) open.push(inner);
  }
}

function toText(body: unknown): string {
  if (typeof body !== "string")
    throw invalid(`the body of a text message must be a string, got ${kindOf(body)}`);
  if (!body.isWellFormed()) throw invalid("the body has a lone surrogate, which UTF-8 cannot carry");
  return body;
}

/** Uses Node's pool: `TextEncoder` makes an ArrayBuffer per text, which takes five times as long. */
function utf8(source: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = Buffer.from(source);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function toBytes(body: unknown): Uint8Array {
  // A copy: the caller may reuse the array while the message waits. A Buffer's own `slice` would be a view.
  if (body instanceof Uint8Array) return Uint8Array.prototype.slice.call(body);
  throw invalid(`the body of a bytes message must be a Uint8Array, got ${kindOf(body)}`);
}

function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw invalid(`the body is not UTF-8 text (${bytes.byteLength} bytes)`);
  }
}

function invalid(what: string): QueueError {
  return new QueueError("INVALID_MESSAGE", { what });
}
