// The framing of WebSockets: https://datatracker.ietf.org/doc/html/rfc6455#section-5 (2026-11-29)

export const WEB_SOCKET_CONTINUATION = 0x0;
export const WEB_SOCKET_BINARY = 0x2;
export const WEB_SOCKET_CLOSE = 0x8;
export const WEB_SOCKET_PING = 0x9;
export const WEB_SOCKET_PONG = 0xa;

export interface WebSocketFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** A client broke the rules of the protocol: its connection has to end. */
export class WebSocketProtocolError extends Error {}

/** More than any AMQP frame or batch of them that a client writes at once. */
const MAX_FRAME_BYTES = 16 * 1_024 * 1_024;

/** Cuts what a client sends into frames, without their masks. */
export class WebSocketFrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws WebSocketProtocolError */
  push(chunk: Buffer): readonly WebSocketFrame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: WebSocketFrame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): WebSocketFrame | undefined {
    const bytes = this.#rest;
    if (bytes.length < 2) return undefined;
    const [first = 0, second = 0] = bytes;
    if ((second & 0x80) === 0) throw new WebSocketProtocolError("a client's frame has no mask");
    const { length, at } = lengthOf(bytes, second & 0x7f);
    if (length > MAX_FRAME_BYTES) throw new WebSocketProtocolError(`a frame has ${length} bytes`);
    const end = at + 4 + length;
    if (bytes.length < end) return undefined;
    this.#rest = bytes.subarray(end);
    return {
      opcode: first & 0x0f,
      payload: unmasked(bytes.subarray(at + 4, end), bytes.subarray(at, at + 4)),
    };
  }
}

/** One whole message of a server, which masks nothing. */
export function webSocketFrame(opcode: number, payload: Buffer): Buffer {
  const head = 0x80 | opcode;
  if (payload.length < 126) return Buffer.concat([Buffer.from([head, payload.length]), payload]);
  if (payload.length < 65_536) {
    const start = Buffer.from([head, 126, 0, 0]);
    start.writeUInt16BE(payload.length, 2);
    return Buffer.concat([start, payload]);
  }
  const start = Buffer.alloc(10);
  start.set([head, 127]);
  start.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([start, payload]);
}

/** An incomplete length reads as endless bytes that have not come yet. */
function lengthOf(bytes: Buffer, short: number): { readonly length: number; readonly at: number } {
  if (short < 126) return { length: short, at: 2 };
  const [width, at] = short === 126 ? [2, 4] : [8, 10];
  if (bytes.length < at) return { length: 0, at: Number.POSITIVE_INFINITY };
  return { length: width === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2)), at };
}

function unmasked(payload: Buffer, mask: Buffer): Buffer {
  const plain = Buffer.allocUnsafe(payload.length);
  for (let index = 0; index < payload.length; index += 1) {
    plain[index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0);
  }
  return plain;
}
