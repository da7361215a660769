import { UnreadableBody } from "./unreadable-body.ts";

/** The bytes of a body. */
export interface ReadBody {
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
  /** Why the bytes are not what the sender meant. */
  readonly malformed?: string;
}

/** Keeps bytes. Other SDKs also send AMQP values and sequences: text becomes its bytes, the rest JSON. */
export function readBody(message: {
  readonly body?: unknown;
  readonly contentType?: string | undefined;
}): ReadBody {
  const { contentType } = message;
  const body: unknown = message.body;
  if (body instanceof Uint8Array) return { body, contentType };
  if (body instanceof UnreadableBody)
    return { body: body.bytes, contentType, malformed: "what it carries cannot be read" };
  if (Array.isArray(body) && body.length > 0 && body.every((part) => part instanceof Uint8Array)) {
    return { body: Buffer.concat(body), contentType };
  }
  if (typeof body === "string") return { body: Buffer.from(body), contentType: contentType ?? "text/plain" };
  if (body === undefined) return { body: new Uint8Array(0), contentType };
  return { body: Buffer.from(jsonOf(body)), contentType: contentType ?? "application/json" };
}

/** Numbers beyond JSON's become text; bytes inside a value become base64. */
export function jsonOf(value: unknown): string {
  // A Buffer turns itself into a map before the replacer sees it. A sender can make such a map, too.
  const json = JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, key, each: unknown) {
    if (typeof each === "bigint") return each.toString();
    const own = this[key];
    return own instanceof Uint8Array ? Buffer.from(own).toString("base64") : each;
  });
  return json ?? "null";
}
