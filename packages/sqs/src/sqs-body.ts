/** The encoding of a body that SQS cannot carry as it is. */
export type BodyEncoding = "b64" | "empty";

export interface EncodedBody {
  readonly text: string;
  readonly bytes: number;
  readonly encoding?: BodyEncoding;
}

// SQS takes #x9 #xA #xD #x20-#xD7FF #xE000-#xFFFD #x10000-#x10FFFF and refuses the rest with InvalidMessageContents.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html (2026-11-24)
/* oxlint-disable-next-line no-control-regex -- the characters in question */
const ILLEGAL_TEXT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const ILLEGAL_IN_JSON = /[\ufffe\uffff]/g;
/** Sent in place of an empty body, which SQS refuses. */
const EMPTY_BODY = "-";
// Both keep a byte order mark: it belongs to the body.
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8 = new TextEncoder();

/** True for text that SQS stores unchanged; lone surrogates have no UTF-8 form. */
export function isLegalText(text: string): boolean {
  return !ILLEGAL_TEXT.test(text) && text.isWellFormed();
}

/** Returns text if the bytes are text that SQS stores unchanged, else base64, which holds 3 bytes in 4. */
export function encodeBody(body: Uint8Array): EncodedBody {
  if (body.byteLength === 0) return { text: EMPTY_BODY, bytes: EMPTY_BODY.length, encoding: "empty" };
  const text = decodeUtf8(body);
  if (text !== undefined && !ILLEGAL_TEXT.test(text)) return { text, bytes: body.byteLength };
  const base64 = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("base64");
  return { text: base64, bytes: base64.length, encoding: "b64" };
}

/** Does the same for well-formed text, and makes its bytes only if SQS does not accept it. */
export function encodeText(text: string): EncodedBody {
  if (text !== "" && !ILLEGAL_TEXT.test(text)) return { text, bytes: Buffer.byteLength(text) };
  return encodeBody(utf8.encode(text));
}

/** True if the encoding is one of ours, or none, and the text has its form. */
export function isEncodedAs(
  text: string,
  encoding: string | undefined,
): encoding is BodyEncoding | undefined {
  return encoding === undefined || encoding === "empty" || (encoding === "b64" && isBase64(text));
}

/** Compares lengths, as decoding skips what is not base64. For 1 MiB this takes 1 ms, a pattern 15 ms. */
function isBase64(text: string): boolean {
  // Node also accepts the URL alphabet, and looks at only one byte of each character.
  if (text.length % 4 !== 0 || /[-_]/.test(text) || Buffer.byteLength(text) !== text.length) return false;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return Buffer.from(text, "base64").length === (text.length / 4) * 3 - padding;
}

/** Reverses `encodeBody`. */
export function decodeBody(text: string, encoding: BodyEncoding | undefined): Uint8Array {
  if (encoding === undefined) return utf8.encode(text);
  return encoding === "empty" ? new Uint8Array(0) : new Uint8Array(Buffer.from(text, "base64"));
}

/** Returns JSON that SQS accepts; JSON itself escapes control characters and lone surrogates. */
export function legalJson(value: unknown): string {
  const text = JSON.stringify(value);
  return ILLEGAL_TEXT.test(text) ? text.replace(ILLEGAL_IN_JSON, escapeUnit) : text;
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16)}`;
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}
