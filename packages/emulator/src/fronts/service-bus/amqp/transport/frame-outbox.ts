import type { Duplex } from "node:stream";
import { AMQP_FRAME, frameBytes } from "./frame-reader.ts";

/** Has frames to add before the next write. */
export interface Flushable {
  flush(): void;
}

/** Collects the frames for a socket. */
export class FrameOutbox {
  readonly #socket: Duplex;
  readonly #canWrite: () => boolean;
  readonly #unflushed = new Set<Flushable>();
  #frames: Buffer[] = [];
  #isFlushPlanned = false;
  #isNudgePlanned = false;
  #hasWritten = false;

  constructor(socket: Duplex, canWrite: () => boolean) {
    this.#socket = socket;
    this.#canWrite = canWrite;
  }

  add(bytes: Buffer): void {
    this.#frames.push(bytes);
    this.#planFlush();
  }

  wantFlush(source: Flushable): void {
    this.#unflushed.add(source);
    this.#planFlush();
  }

  /**
   * The client's socket holds back a small write until the previous one is acknowledged. Our machine delays
   * the acknowledgement by 40 ms when it has nothing to send. An empty frame, which has no meaning, carries
   * it at once.
   */
  nudge(): void {
    if (this.#isNudgePlanned) return;
    this.#isNudgePlanned = true;
    this.#hasWritten = false;
    setImmediate(() => {
      this.#isNudgePlanned = false;
      if (!this.#hasWritten && this.#canWrite()) this.add(frameBytes(AMQP_FRAME, 0));
    });
  }

  /** Sends everything collected in one write, so that a client sees an attach together with its detach. */
  flush(): void {
    this.#isFlushPlanned = false;
    if (!this.#canWrite() || !this.#socket.writable) {
      this.#frames = [];
      return;
    }
    const bytes = this.#take();
    if (bytes.length === 0) return;
    this.#hasWritten = true;
    this.#socket.write(bytes);
  }

  /** Sends what is left, then ends our side. */
  end(): void {
    this.#socket.end(this.#take());
  }

  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    process.nextTick(() => this.flush());
  }

  #take(): Buffer {
    const sources = [...this.#unflushed];
    this.#unflushed.clear();
    for (const source of sources) source.flush();
    const frames = this.#frames;
    this.#frames = [];
    const [first] = frames;
    return frames.length === 1 && first !== undefined ? first : Buffer.concat(frames);
  }
}
