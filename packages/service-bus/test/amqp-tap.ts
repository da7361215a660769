import { createServer, connect, type AddressInfo, type Socket } from "node:net";

/** A settlement as the client sent it: one frame, which may cover several deliveries. */
export interface DispositionFrame {
  readonly first: number;
  readonly last: number;
  readonly outcome: "accepted" | "rejected" | "released" | "modified" | "other";
}

const FLOW = 0x13;
const TRANSFER = 0x14;
const DISPOSITION = 0x15;
const DETACH = 0x16;
const OUTCOMES: Readonly<Record<number, DispositionFrame["outcome"]>> = {
  0x24: "accepted",
  0x25: "rejected",
  0x26: "released",
  0x27: "modified",
};

/** A relay in front of a broker that reads the client's raw frames: an SDK's report may differ from them. */
export class AmqpTap {
  readonly dispositions: DispositionFrame[] = [];
  /** Encoded messages that the client sent; each fits into one frame, as small messages do. */
  readonly sent: Buffer[] = [];
  /** How often the client granted credit, or took it back. */
  flows = 0;
  /** Links that the client closed. */
  detaches = 0;
  /** Sockets of clients that are open. */
  readonly sockets = new Set<Socket>();
  readonly #brokers = new Set<Socket>();
  #framesLeft = Number.POSITIVE_INFINITY;
  readonly #server;

  constructor(target: string, isDeaf: boolean) {
    const [host = "", port = ""] = target.split(":");
    this.#server = createServer({ allowHalfOpen: isDeaf }, (client) => {
      const broker = connect(Number(port), host);
      const frames = new FrameReader((frame) => this.#read(frame));
      this.sockets.add(client);
      this.#brokers.add(broker);
      client.on("data", (chunk) => {
        frames.push(chunk);
        broker.write(chunk);
      });
      broker.on(
        "data",
        this.#framesLeft < Infinity ? this.#framesTo(client) : (chunk) => client.write(chunk),
      );
      const end = (): void => {
        this.sockets.delete(client);
        this.#brokers.delete(broker);
        client.destroy();
        broker.destroy();
      };
      for (const socket of [client, broker]) socket.on("error", end).on("close", end);
    });
  }

  /** @param isDeaf whether it keeps a connection open that its client has ended */
  static async start(target: string, isDeaf = false): Promise<AmqpTap> {
    const tap = new AmqpTap(target, isDeaf);
    await new Promise<void>((resolve) => tap.#server.listen(0, "127.0.0.1", resolve));
    return tap;
  }

  get endpoint(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resets every connection, without a close. */
  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** Resets the next connection when its client has got so many frames. */
  cutAfter(frames: number): void {
    this.#framesLeft = frames;
  }

  /** Sends bytes to every client as if the broker had. */
  inject(bytes: Buffer): void {
    for (const socket of this.sockets) socket.write(bytes);
  }

  /** Holds back the broker's answers and messages until `letGo`. */
  holdBack(): void {
    for (const socket of this.#brokers) socket.pause();
  }

  letGo(): void {
    for (const socket of this.#brokers) socket.resume();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #framesTo(client: Socket): (chunk: Buffer) => void {
    let left = this.#framesLeft;
    // A reset throws away what was not sent.
    client.setNoDelay(true);
    this.#framesLeft = Number.POSITIVE_INFINITY;
    const frames = new FrameReader(undefined, (piece) => {
      left -= 1;
      if (left >= 0) client.write(piece);
      if (left === 0) setImmediate(() => client.resetAndDestroy());
    });
    return (chunk) => frames.push(chunk);
  }

  #read(frame: Buffer): void {
    const offset = (frame[4] ?? 0) * 4;
    const performative = new ListReader(frame.subarray(offset));
    if (frame[5] !== 0) return;
    if (performative.code === FLOW) this.flows += 1;
    if (performative.code === DETACH) this.detaches += 1;
    if (performative.code === TRANSFER) this.sent.push(frame.subarray(offset + performative.length));
    if (performative.code !== DISPOSITION) return;
    const [, first, last, , state] = performative.read(5);
    if (typeof first !== "number") return;
    const outcome = typeof state === "object" ? (OUTCOMES[state.code] ?? "other") : "other";
    this.dispositions.push({ first, last: typeof last === "number" ? last : first, outcome });
  }
}

/** Cuts a stream into frames. The protocol headers at its start have eight bytes each. */
class FrameReader {
  readonly #onFrame: ((frame: Buffer) => void) | undefined;
  readonly #onPiece: ((piece: Buffer) => void) | undefined;
  #rest: Buffer = Buffer.alloc(0);

  /** @param onPiece gets the headers and empty frames too */
  constructor(onFrame?: (frame: Buffer) => void, onPiece?: (piece: Buffer) => void) {
    this.#onFrame = onFrame;
    this.#onPiece = onPiece;
  }

  push(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const isHeader = this.#rest.subarray(0, 4).toString("latin1") === "AMQP";
      const size = isHeader
        ? 8
        : this.#rest.length < 4
          ? Number.POSITIVE_INFINITY
          : this.#rest.readUInt32BE(0);
      if (this.#rest.length < size || this.#rest.length === 0) return;
      this.#onPiece?.(this.#rest.subarray(0, size));
      if (!isHeader && size > 8) this.#onFrame?.(this.#rest.subarray(0, size));
      this.#rest = this.#rest.subarray(size);
    }
  }
}

type Field = number | boolean | undefined | { readonly code: number };

/** Reads the first fields of a described list: just the AMQP 1.0 types that a disposition needs. */
class ListReader {
  readonly code: number;
  /** Length of the whole list. */
  readonly length: number;
  readonly #bytes: Buffer;
  #at = 3;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    // 0x00 (described), 0x53 (small ulong), the code.
    this.code = bytes[0] === 0 && bytes[1] === 0x53 ? (bytes[2] ?? 0) : -1;
    const constructor = bytes[3];
    this.#at = constructor === 0xc0 ? 6 : constructor === 0xd0 ? 12 : 4;
    this.length =
      constructor === 0xc0 ? 5 + (bytes[4] ?? 0) : constructor === 0xd0 ? 8 + bytes.readUInt32BE(4) : 4;
  }

  read(count: number): readonly Field[] {
    return Array.from({ length: count }, () => this.#field());
  }

  #field(): Field {
    const constructor = this.#bytes[this.#at++] ?? 0;
    switch (constructor) {
      case 0x41:
        return true;
      case 0x42:
        return false;
      case 0x56:
        return this.#bytes[this.#at++] === 1;
      case 0x43:
        return 0;
      case 0x52:
        return this.#bytes[this.#at++];
      case 0x70:
        this.#at += 4;
        return this.#bytes.readUInt32BE(this.#at - 4);
      case 0x00:
        return { code: this.#bytes[this.#at + 1] ?? 0 };
      default:
        return undefined;
    }
  }
}
