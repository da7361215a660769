/** One line of an input, without its line break. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Undefined: the line was longer than allowed and is not kept. */
  readonly bytes: Uint8Array | undefined;
}

const NEWLINE = 0x0a;

/** Every line of a stream of bytes, one at a time. A final line break does not start another line. */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Line, void, undefined> {
  let number = 0;
  const partial = new PartialLine(maxBytes);
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      number += 1;
      yield { number, bytes: partial.finish(chunk.subarray(start, end)) };
      start = end + 1;
    }
    if (start < chunk.byteLength) partial.add(chunk.subarray(start));
  }
  if (partial.hasBegun) yield { number: number + 1, bytes: partial.finish(new Uint8Array(0)) };
}

/** Reads a whole stream. Undefined if it is longer than allowed. */
export async function readWhole(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const whole = new PartialLine(maxBytes);
  for await (const chunk of chunks) {
    whole.add(chunk);
    if (whole.isTooLong) return undefined;
  }
  return whole.finish(new Uint8Array(0));
}

/** A line that arrives in several chunks. */
class PartialLine {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #sizeBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get hasBegun(): boolean {
    return this.#sizeBytes > 0;
  }

  get isTooLong(): boolean {
    return this.#sizeBytes > this.#maxBytes;
  }

  add(part: Uint8Array): void {
    this.#sizeBytes += part.byteLength;
    if (this.isTooLong) this.#parts = [];
    else this.#parts.push(part);
  }

  finish(last: Uint8Array): Uint8Array | undefined {
    this.add(last);
    const line = this.isTooLong ? undefined : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#sizeBytes = 0;
    return line;
  }
}
