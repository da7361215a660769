import { field } from "./field.ts";
import { methodOf, replaceMethod } from "./inner-methods.ts";

/** Stands for a body that rhea cannot read. */
export class UnreadableBody {
  /** The sections as they came. */
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

const TOLERANT = Symbol("a body that cannot be read ends no connection");

/**
 * Lets rhea take messages whose bodies it cannot read. It reads a value inside a value by calling itself
 * (3.0.5): 20 kB of lists in lists overflow its stack, and every receiver that gets such a message loses its
 * connection. One message would end its consumer again and again.
 *
 * rhea has one decoder for all connections of a process. For others this changes only what ended them.
 *
 * @param connection rhea-promise's; nothing changes if its names are different
 */
export function tolerateUnreadable(connection: unknown): void {
  const message = field(field(connection, "container"), "message");
  if (typeof message !== "object" || message === null || TOLERANT in message) return;
  const decode = methodOf(message, "decode");
  if (decode === undefined) return;
  Object.defineProperty(message, TOLERANT, { value: true });
  replaceMethod(message, "decode", (...args) => {
    const bytes = args[0] as Buffer;
    try {
      return decode.call(message, bytes);
    } catch (error) {
      return readUntil(bytes, (head) => decode.call(message, head), error);
    }
  });
}

/** Reads as many sections as can be read. @throws `error` if that is none */
function readUntil(bytes: Buffer, decode: (bytes: Buffer) => unknown, error: unknown): object {
  for (const end of endsOfSections(bytes)) {
    try {
      return Object.assign(decode(bytes.subarray(0, end)) as object, {
        body: new UnreadableBody(bytes.subarray(end)),
      });
    } catch {
      // It is not the body: the sections before this one may do.
    }
  }
  throw error;
}

/**
 * Where the sections before the body end, the last one first. Header, annotations and properties are lists and
 * maps, which tell their lengths.
 * https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-messaging-v1.0-os.html#section-message-format (2026-12-01)
 */
function endsOfSections(bytes: Buffer): readonly number[] {
  const ends: number[] = [];
  let at = 0;
  while (isDescribed(bytes, at)) {
    const code = bytes[at + 3];
    if (code === 0x45) at += 4;
    else if (code === 0xc0 || code === 0xc1) at += 5 + (bytes[at + 4] ?? 0);
    else if ((code === 0xd0 || code === 0xd1) && bytes.length >= at + 8) at += 8 + bytes.readUInt32BE(at + 4);
    else break;
    ends.unshift(at);
  }
  return ends;
}

function isDescribed(bytes: Buffer, at: number): boolean {
  const section = bytes[at + 2] ?? 0;
  return bytes[at] === 0x00 && bytes[at + 1] === 0x53 && section >= 0x70 && section <= 0x74;
}
