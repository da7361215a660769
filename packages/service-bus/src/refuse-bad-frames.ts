import { field } from "./field.ts";
import { methodOf, replaceMethod } from "./inner-methods.ts";
import { MAX_FRAME_BYTES } from "./service-bus-limits.ts";

const REFUSING = Symbol("frames are looked at");

/**
 * Ends a connection that brings bytes which are no frames. rhea (3.0.5) states no limit for a frame. If its
 * size is nonsense, rhea collects bytes for it for ever, and nothing else arrives. After a frame that it
 * cannot read, rhea only says farewell, and reads on in the middle of the stream. Here the limit is stated
 * and kept, and the connection is cut, as if the network had done it: whoever waits gets CONNECTION_LOST.
 *
 * @param connection rhea's; unchanged if its names are different
 */
export function refuseBadFrames(connection: unknown): void {
  if (typeof connection !== "object" || connection === null) return;
  const input = methodOf(connection, "input");
  const open = field(field(connection, "local"), "open");
  if (input === undefined || REFUSING in connection) return;
  Object.defineProperty(connection, REFUSING, { value: true });
  // An open connection has stated its limit already: none.
  const isStated = field(connection, "socket") === undefined && typeof open === "object" && open !== null;
  const maxBytes = isStated && Reflect.set(open, "max_frame_size", MAX_FRAME_BYTES) ? MAX_FRAME_BYTES : 0;
  replaceMethod(connection, "input", (...args) => {
    input.apply(connection, args);
    const isTooLarge = maxBytes > 0 && sizeOfBegun(connection) > maxBytes;
    if (isTooLarge || field(connection, "saved_error") !== undefined) cut(field(connection, "socket"));
  });
}

/** The size of a frame that has only begun to arrive, else 0. rhea 3.0.0 keeps its bytes, and does not read it. */
function sizeOfBegun(connection: object): number {
  const size = field(connection, "frame_size");
  if (typeof size === "number") return size;
  const begun = field(connection, "previous_input");
  // What begins with "AMQP" is no frame but the header of a protocol.
  const isFrame = Buffer.isBuffer(begun) && begun.length >= 4 && begun.toString("latin1", 0, 4) !== "AMQP";
  return isFrame ? begun.readUInt32BE() : 0;
}

function cut(socket: unknown): void {
  if (typeof socket !== "object" || socket === null) return;
  const error = new Error("what came on the Service Bus connection is no AMQP frame");
  // A WebSocket has no such method.
  const end = methodOf(socket, "destroy") ?? methodOf(socket, "end");
  end?.call(socket, error);
}
