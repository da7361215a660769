import { bytes, isQueueError, json, text, type Codec } from "@anyqueue/core";
import { isJson, mediaTypeOf, textOf } from "../body-text.ts";
import { findJsonFault } from "./json-fault.ts";

/** A body as it is sent, or what is wrong with it and where. */
export type CheckedBody =
  | { readonly ok: true; readonly body: Uint8Array }
  | { readonly ok: false; readonly problem: string };

/** How a command checks bodies, and the content type with which it sends them. */
export interface BodyFormat {
  readonly kind: "json" | "text" | "binary";
  readonly codec: Codec;
  check(given: Uint8Array): CheckedBody;
}

/** Without a kind, the content type decides; without both it is JSON. */
export function bodyFormat(
  kind: BodyFormat["kind"] | undefined,
  contentType: string | undefined,
): BodyFormat {
  const chosen = kind ?? kindOfContent(contentType);
  return {
    kind: chosen,
    codec: asGiven(contentType ?? STANDARD[chosen].contentType),
    check: CHECKS[chosen],
  };
}

const STANDARD: Readonly<Record<BodyFormat["kind"], Codec>> = { json: json(), text: text(), binary: bytes() };

const CHECKS: Readonly<Record<BodyFormat["kind"], BodyFormat["check"]>> = {
  json: checkJson,
  text: checkText,
  binary: (body) => ({ ok: true, body }),
};

function kindOfContent(contentType: string | undefined): BodyFormat["kind"] {
  if (contentType === undefined) return "json";
  const type = mediaTypeOf(contentType);
  const isUtf8 = !/charset\s*=/i.test(contentType) || /charset\s*=\s*"?utf-?8\b/i.test(contentType);
  if (!isUtf8) return "binary";
  if (type === "application/json" || type.endsWith("+json")) return "json";
  return type.startsWith("text/") ? "text" : "binary";
}

/** The bytes are checked already and sent unchanged: numbers keep all their digits. */
function asGiven(contentType: string): Codec {
  return { contentType, encode: bytes().encode, decode: bytes().decode };
}

const encoder = new TextEncoder();

function checkText(body: Uint8Array): CheckedBody {
  return textOf(body) === undefined ? NO_TEXT : { ok: true, body };
}

/** Removes the byte order mark of some editors and the line break of `echo`. */
function checkJson(given: Uint8Array): CheckedBody {
  const source = textOf(given)?.replace(/^\uFEFF/, "");
  if (source === undefined) return NO_TEXT;
  if (source.trim() === "") return { ok: false, problem: "it is empty" };
  const fault = isJson(source) ? undefined : findJsonFault(source);
  if (fault !== undefined) {
    const { line, column, expected } = fault;
    const where = source.trimEnd().includes("\n") ? `line ${line}, column ${column}` : `column ${column}`;
    return { ok: false, problem: `it is not JSON: ${where}: expected ${expected}` };
  }
  const body = encoder.encode(source.trim());
  try {
    json().decode(body); // refuses here what a consumer would refuse
    return { ok: true, body };
  } catch (error) {
    if (!isQueueError(error)) throw error;
    return { ok: false, problem: error.message.replace(/^INVALID_MESSAGE: /, "") };
  }
}

const NO_TEXT: CheckedBody = { ok: false, problem: "it is no UTF-8 text; --binary sends bytes as they are" };
