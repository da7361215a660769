// Encoding: https://protobuf.dev/programming-guides/encoding/ (2026-11-29)

import type { SeenTexts } from "./seen-texts.ts";

const VARINT = 0;
const FIXED_64 = 1;
const DELIMITED = 2;
const FIXED_32 = 5;

/** Thrown for bytes that are not read here; the SDK's own decoder has to read them. */
export class UnreadableProto extends Error {}

/** Walks over the fields of protobuf messages in one buffer. */
export class ProtoReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** False at the end of a message. */
  more(end: number): boolean {
    if (this.#at > end) throw new UnreadableProto("a field ends behind its message");
    return this.#at < end;
  }

  /** Number and wire type, as one integer: `number * 8 + type`. */
  tag(): number {
    return this.varint();
  }

  /** @throws UnreadableProto beyond 2^53, and for negative numbers, which have ten bytes */
  varint(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let factor = 0x80; ; factor *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (!Number.isSafeInteger(value)) throw new UnreadableProto("a number has too many bytes");
      if (byte < 0x80) return value;
    }
  }

  /** Reads a length; returns the end of the content that follows. */
  end(): number {
    const length = this.varint();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new UnreadableProto("a field ends behind its message");
    return end;
  }

  text(): string {
    const end = this.end();
    const text = this.#bytes.toString("utf8", this.#at, end);
    this.#at = end;
    return text;
  }

  /** Reads a text that has probably been read before. */
  seenText(texts: SeenTexts): string {
    const end = this.end();
    const text = texts.read(this.#bytes, this.#at, end);
    this.#at = end;
    return text;
  }

  /** Returns a view, not a copy. */
  view(): Buffer {
    const end = this.end();
    const view = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return view;
  }

  /** Skips the value of an unknown field. */
  skip(tag: number): void {
    const type = tag % 8;
    if (type === VARINT) while (this.#byte() >= 0x80);
    else if (type === DELIMITED) this.#at = this.end();
    else if (type === FIXED_64) this.#at += 8;
    else if (type === FIXED_32) this.#at += 4;
    else throw new UnreadableProto(`wire type ${type}`);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new UnreadableProto("the bytes end too soon");
    this.#at += 1;
    return byte;
  }
}
