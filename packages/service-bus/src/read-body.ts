/** Keeps bytes. Other SDKs also send AMQP values and sequences: text becomes its bytes, the rest JSON. */
export function readBody(message: { readonly body?: unknown; readonly contentType?: string | undefined }): {
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
} {
  const { contentType } = message;
  const body: unknown = message.body;
  if (body instanceof Uint8Array) return { body, contentType };
  if (Array.isArray(body) && body.length > 0 && body.every((part) => part instanceof Uint8Array)) {
    return { body: Buffer.concat(body), contentType };
  }
  if (typeof body === "string") return { body: Buffer.from(body), contentType: contentType ?? "text/plain" };
  if (body === undefined) return { body: new Uint8Array(0), contentType };
  return { body: Buffer.from(jsonOf(body)), contentType: contentType ?? "application/json" };
}

/** Numbers beyond JSON's become text; bytes inside a value become base64. */
export function jsonOf(value: unknown): string {
  const json = JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === "bigint") return each.toString();
    return isBufferJson(each) ? Buffer.from(each.data).toString("base64") : each;
  });
  return json ?? "null";
}

/** A Buffer turns itself into this before the replacer sees it. */
function isBufferJson(value: unknown): value is { readonly data: readonly number[] } {
  return (
    typeof value === "object" &&
    value !== null &&
    "type" in value &&
    value.type === "Buffer" &&
    "data" in value
  );
}
