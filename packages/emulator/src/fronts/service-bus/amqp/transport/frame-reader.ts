import { AmqpDecodeError, AmqpDecoder } from "./amqp-decoder.ts";
import { AmqpEncoder } from "./amqp-encoder.ts";
import type { AmqpValue } from "./amqp-value.ts";

/** One frame: its value, and for a transfer the bytes after it. */
export interface Frame {
  readonly type: number;
  readonly channel: number;
  /** Undefined for an empty frame, which only shows that the peer is alive. */
  readonly value: AmqpValue | undefined;
  readonly payload: Buffer;
}

export const AMQP_FRAME = 0;
export const SASL_FRAME = 1;

/** The protocols that a header can announce. */
export const AMQP_PROTOCOL = 0;
export const SASL_PROTOCOL = 3;

const HEADER_BYTES = 8;
const EMPTY = Buffer.alloc(0);

/** Splits a socket's bytes into protocol headers and frames. */
export class FrameReader {
  readonly #maxFrameBytes: number;
  #pending: Buffer = EMPTY;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
  }

  /** Returns the protocol id once a whole header has arrived. */
  header(): number | undefined {
    if (this.#pending.length < HEADER_BYTES) return undefined;
    const bytes = this.#take(HEADER_BYTES);
    if (bytes.toString("latin1", 0, 4) !== "AMQP" || bytes[5] !== 1) {
      throw new AmqpDecodeError("A connection does not begin with a header of AMQP 1.0.");
    }
    return bytes[4];
  }

  frame(): Frame | undefined {
    if (this.#pending.length < HEADER_BYTES) return undefined;
    const size = this.#pending.readUInt32BE();
    if (size < HEADER_BYTES || size > this.#maxFrameBytes) {
      throw new AmqpDecodeError(`A frame has ${size} bytes; from 8 to ${this.#maxFrameBytes} are allowed.`);
    }
    if (this.#pending.length < size) return undefined;
    return parseFrame(this.#take(size));
  }

  #take(length: number): Buffer {
    const taken = this.#pending.subarray(0, length);
    this.#pending = this.#pending.subarray(length);
    return taken;
  }
}

function parseFrame(bytes: Buffer): Frame {
  const from = bytes.readUInt8(4) * 4;
  if (from < HEADER_BYTES || from > bytes.length)
    throw new AmqpDecodeError("A frame's data offset is out of range.");
  const head = { type: bytes.readUInt8(5), channel: bytes.readUInt16BE(6) };
  if (from === bytes.length) return { ...head, value: undefined, payload: EMPTY };
  const decoder = new AmqpDecoder(bytes, from);
  const value = decoder.read();
  return { ...head, value, payload: bytes.subarray(decoder.position) };
}

export function headerBytes(protocol: number): Buffer {
  return Buffer.from([0x41, 0x4d, 0x51, 0x50, protocol, 1, 0, 0]);
}

export function frameBytes(
  type: number,
  channel: number,
  value?: AmqpValue,
  payload: Uint8Array = EMPTY,
): Buffer {
  const encoder = new AmqpEncoder(payload.length).uint32(0).byte(2).byte(type).uint16(channel);
  if (value !== undefined) encoder.write(value);
  const bytes = encoder.raw(payload).bytes();
  bytes.writeUInt32BE(bytes.length, 0);
  return bytes;
}
