import { kindOf } from "../errors/check-options.ts";
import { isQueueError, QueueError } from "../errors/queue-error.ts";
import { unheard } from "../errors/unheard.ts";
import type { Codec, TextForm } from "../message/codec.ts";

/** Returns text for a text form, and for a codec bytes that nobody else holds. @throws INVALID_MESSAGE */
export function encodeBody(codec: Codec | TextForm, body: unknown): Uint8Array | string {
  let encoded: Uint8Array | string;
  try {
    encoded = codec.encode(body);
  } catch (error) {
    throw isQueueError(error) ? error : threw("codec", error);
  }
  if (typeof encoded === "string" && !("contentType" in codec)) return encoded;
  if (!(encoded instanceof Uint8Array)) {
    const given: unknown = unheard(encoded);
    const what =
      given instanceof Promise
        ? "the codec gave a promise, it must encode synchronously"
        : `the codec gave ${kindOf(given)} instead of a Uint8Array`;
    throw new QueueError("INVALID_MESSAGE", { what });
  }
  // A codec may return the caller's own bytes, which the caller may change while the message waits. A
  // Buffer's own `slice` would return a view.
  const isCallers = body instanceof Uint8Array && encoded.buffer === body.buffer;
  return isCallers ? Uint8Array.prototype.slice.call(encoded) : encoded;
}

/** The error if a function of the application threw for a body. */
export function threw(what: string, cause: unknown): QueueError {
  return new QueueError("INVALID_MESSAGE", { what: `the ${what} threw for this body`, cause });
}
