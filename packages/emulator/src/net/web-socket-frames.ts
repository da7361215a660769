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

/** A client violated the protocol, so its connection must end. */
export class WebSocketProtocolError extends Error {}

const MIN_HEAD_BYTES = 2;
const MASK_BYTES = 4;
/** More than any AMQP frame, or batch of frames, that a client writes at once. */
const MAX_FRAME_BYTES = 16 * 1_024 * 1_024;

/** Cuts the client's byte stream into frames and unmasks them. */
export class WebSocketFrameReader {
  /** Received parts of the next frame, joined only when it may be complete, so bytes are copied once. */
  #chunks: Buffer[] = [];
  #length = 0;
  /** Minimum length of the next frame in bytes. */
  #least = MIN_HEAD_BYTES;

  /** @throws WebSocketProtocolError */
  push(chunk: Buffer): readonly WebSocketFrame[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const frames: WebSocketFrame[] = [];
    while (this.#length >= this.#least) {
      const frame = this.#next();
      if (frame !== undefined) frames.push(frame);
    }
    return frames;
  }

  /** Returns the next frame, or undefined after raising `#least` to the length now known. */
  #next(): WebSocketFrame | undefined {
    const [only = Buffer.alloc(0), ...others] = this.#chunks;
    const bytes = others.length === 0 ? only : Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [bytes];
    const [first = 0, second = 0] = bytes;
    if ((second & 0x80) === 0) throw new WebSocketProtocolError("a client's frame has no mask");
    const { at, length } = lengthOf(bytes, second & 0x7f);
    if (length > MAX_FRAME_BYTES) throw new WebSocketProtocolError(`a frame has ${length} bytes`);
    const end = at + MASK_BYTES + length;
    if (bytes.length < end) {
      this.#least = end;
      return undefined;
    }
    this.#chunks = [bytes.subarray(end)];
    this.#length = bytes.length - end;
    this.#least = MIN_HEAD_BYTES;
    const payload = bytes.subarray(at + MASK_BYTES, end);
    return { opcode: first & 0x0f, payload: unmasked(payload, bytes.subarray(at, at + MASK_BYTES)) };
  }
}

/** Encodes a whole message from the server. Servers do not mask. */
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

/**
 * Payload length and position of the mask. If the length field is incomplete, `length` is 0 and the frame
 * needs more bytes.
 */
function lengthOf(bytes: Buffer, short: number): { readonly at: number; readonly length: number } {
  if (short < 126) return { at: 2, length: short };
  const at = short === 126 ? 4 : 10;
  if (bytes.length < at) return { at, length: 0 };
  return { at, length: short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2)) };
}

function unmasked(payload: Buffer, mask: Buffer): Buffer {
  const plain = Buffer.allocUnsafe(payload.length);
  for (let index = 0; index < payload.length; index += 1) {
    plain[index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0);
  }
  return plain;
}
