/** Keeps a byte order mark: what is shown or sent is exactly what is there. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns undefined if the body is not UTF-8 text. */
export function textOf(body: Uint8Array): string | undefined {
  try {
    return decoder.decode(body);
  } catch {
    return undefined;
  }
}

export function isJson(source: string): boolean {
  try {
    JSON.parse(source);
    return true;
  } catch {
    return false;
  }
}

/** The media type of a content type in lower case, without parameters; "" if there is none. */
export function mediaTypeOf(contentType: string | undefined): string {
  const [essence = ""] = (contentType ?? "").toLowerCase().split(";");
  return essence.trim();
}
