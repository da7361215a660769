import { isJson, mediaTypeOf, textOf } from "../body-text.ts";

/** A body in a form that can be shown. */
export type BodyView =
  /** The JSON text as it was sent, so that numbers keep all their digits. */
  | { readonly kind: "json"; readonly source: string }
  | { readonly kind: "text"; readonly text: string }
  /** `problem`: why it is not shown as its content type says. */
  | { readonly kind: "bytes"; readonly base64: string; readonly problem?: string };

/** Never throws: a body that cannot be decoded is shown as bytes, with the reason. */
export function viewBody(body: Uint8Array, contentType: string | undefined): BodyView {
  const type = mediaTypeOf(contentType);
  if (type === "application/octet-stream") return asBytes(body);
  const text = textOf(body);
  if (text === undefined) {
    return type === ""
      ? asBytes(body)
      : asBytes(body, `its content type is ${type}, but it is no UTF-8 text`);
  }
  const source = text.replace(/^\uFEFF/, "");
  const isJsonType = type === "application/json" || type.endsWith("+json");
  // Foreign messages have no content type; most of them are JSON.
  if (isJsonType || type === "") {
    if (isJson(source)) return { kind: "json", source };
    if (isJsonType) return asBytes(body, `its content type is ${type}, but it is not JSON`);
  }
  return { kind: "text", text };
}

function asBytes(body: Uint8Array, problem?: string): BodyView {
  const base64 = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("base64");
  return { kind: "bytes", base64, ...(problem !== undefined && { problem }) };
}
