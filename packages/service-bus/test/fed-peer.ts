import { compound, described, variable } from "./amqp-bytes.ts";
import {
  attach,
  detach,
  FedConnection,
  flow,
  frame,
  performative,
  uint,
  type Outcome,
} from "./fed-connection.ts";

const NULL = Buffer.of(0x40);
const TRUE = Buffer.of(0x41);
const FALSE = Buffer.of(0x42);
export const ACCEPTED: Buffer = described(Buffer.of(0x53, 0x24), Buffer.of(0x45));

/** The form in which a transfer is written. */
export interface TransferForm {
  readonly descriptor: Buffer;
  /** Widths of handle, id and format: 0 the shortest code, 1 a byte, 2 four bytes. */
  readonly widths: readonly number[];
  readonly tag: Buffer;
  readonly tagCode: number;
  readonly format: number | undefined;
  readonly settled: Buffer;
  /** Written as the `more` field of the last frame. */
  readonly more: Buffer;
  /** The fields after `more`. */
  readonly rest: readonly Buffer[];
  /** Whether all fields but the first four are left out, if possible. */
  readonly isShort: boolean;
  readonly code: number;
  readonly extraWords: number;
}

/** Writes an unsigned number in a code that has room for it. */
function uintIn(width: number, value: number): Buffer {
  if (width === 0 && value === 0) return Buffer.of(0x43);
  return width < 2 && value < 256 ? Buffer.of(0x52, value) : uint(value);
}

export function transfer(
  form: TransferForm,
  handle: number,
  id: number | undefined,
  payload: Buffer,
  hasMore = false,
): Buffer {
  const [ofHandle = 0, ofId = 0, ofFormat = 0] = form.widths;
  const fields = [
    uintIn(ofHandle, handle),
    id === undefined ? NULL : uintIn(ofId, id),
    id === undefined ? NULL : variable(form.tagCode, form.tag),
    form.format === undefined || id === undefined ? NULL : uintIn(ofFormat, form.format),
    ...(form.isShort && !hasMore ? [] : [form.settled, hasMore ? TRUE : form.more, ...form.rest]),
  ];
  return frame(
    Buffer.concat([described(form.descriptor, compound(form.code, fields)), payload]),
    form.extraWords,
  );
}

/** The form in which the service writes it. */
export const USUAL_FORM: TransferForm = {
  descriptor: Buffer.of(0x53, 0x14),
  widths: [0, 0, 0],
  tag: Buffer.alloc(16, 7),
  tagCode: 0xa0,
  format: 0,
  settled: FALSE,
  more: FALSE,
  rest: [NULL, NULL, FALSE, FALSE, TRUE],
  isShort: false,
  code: 0xc0,
  extraWords: 0,
};

export function dataOf(text: string): Buffer {
  return described(Buffer.of(0x53, 0x75), variable(0xa0, Buffer.from(text)));
}

/** The other end of two connections, one with the tap and one without. Both get the same bytes. */
export class FedPeer {
  readonly #sides: readonly [FedConnection, FedConnection];
  readonly #chunks: readonly number[];
  /** Frames still to be sent of half-sent messages, by link. */
  readonly #pending: Buffer[][] = [[], []];
  #next = 0;
  #stream: Buffer[] = [];
  #spoil: { readonly share: number; readonly by: number } | undefined;
  nextId = 0;

  /** @param chunks lengths of the pieces in which bytes arrive, repeated; none: everything in one piece */
  constructor(chunks: readonly number[] = []) {
    this.#chunks = chunks;
    this.#sides = [new FedConnection(false), new FedConnection(true)];
  }

  /** How many messages and answers bypassed rhea. */
  get lean(): readonly [number, number] {
    const { lean, leanAnswers } = this.#sides[1];
    return [lean, leanAnswers];
  }

  /** Opens both, and sends on both links the messages by which the tap is tried. */
  async begin(form = USUAL_FORM): Promise<void> {
    for (const side of this.#sides) side.open();
    await this.turn();
    for (const link of [0, 1, 0, 1]) {
      this.message(link, dataOf("first ones"), form);
      // rhea takes everything that arrives together with the first message.
      this.flush();
    }
    for (let count = 0; count < 4; count += 1) this.settle(0, "accept");
    await this.turn();
    this.confirm();
  }

  /** @param cuts where to cut it into frames, as shares of it; all frames but the first wait for `goOn` */
  message(link: number, message: Buffer, form = USUAL_FORM, cuts: readonly number[] = []): void {
    this.goOn(link, Number.POSITIVE_INFINITY);
    const at = cuts.map((cut) => 1 + Math.floor(cut * message.length)).toSorted((a, b) => a - b);
    const pieces = [0, ...at].map((from, index) => message.subarray(from, at[index]));
    const id = this.nextId;
    this.nextId += 1;
    const [first, ...others] = pieces.map((piece, index) =>
      transfer(form, link, index === 0 ? id : undefined, piece, index < pieces.length - 1),
    );
    if (first !== undefined) this.send(this.#spoiled(first));
    this.#pending[link]?.push(...others);
  }

  /** Sends the next frames of a half-sent message. */
  goOn(link: number, count = 1): void {
    for (const one of this.#pending[link]?.splice(0, count) ?? []) this.send(one);
  }

  send(bytes: Buffer): void {
    this.#stream.push(bytes);
  }

  /** Changes a byte in the first frame of the next message. */
  spoilNext(share: number, by: number): void {
    this.#spoil = { share, by };
  }

  /** Never changes the frame's size: nothing would arrive any more. */
  #spoiled(bytes: Buffer): Buffer {
    if (this.#spoil === undefined) return bytes;
    const { share, by } = this.#spoil;
    this.#spoil = undefined;
    const at = 4 + Math.floor(share * (bytes.length - 4));
    bytes[at] = (bytes[at] ?? 0) ^ by;
    return bytes;
  }

  answer(first: number, last: number, state: Buffer, settled: Buffer): void {
    this.send(frame(performative(0x15, FALSE, uint(first), uint(last), settled, state)));
  }

  /** Confirms all accepted deliveries: one by one, or with as few frames as possible. */
  confirm(isEach = false): void {
    this.flush();
    const ids = this.#sides[0].unanswered.toSorted((a, b) => a - b);
    for (let from = 0, at = 1; at <= ids.length; at += 1) {
      const [first = 0, last = 0] = [ids[from], ids[at - 1]];
      if (ids[at] === last + 1 && !isEach) continue;
      this.answer(first, last, ACCEPTED, TRUE);
      from = at;
    }
  }

  flow(link: number | undefined, isDrained: boolean): void {
    if (link === undefined) this.send(flow(this.nextId));
    else this.send(flow(this.nextId, uint(link), uint(this.nextId), uint(0), NULL, isDrained ? TRUE : FALSE));
  }

  attach(link: number, name: string): void {
    this.send(attach(name, link));
  }

  detach(link: number): void {
    this.send(detach(link));
  }

  /** Lets everything sent arrive, then does the work on both sides. */
  act(work: (side: FedConnection) => void): void {
    this.flush();
    for (const side of this.#sides) work(side);
  }

  settle(share: number, outcome: Outcome): void {
    this.act((side) => side.settle(share, outcome));
  }

  flush(): void {
    let bytes = Buffer.concat(this.#stream);
    this.#stream = [];
    while (bytes.length > 0) {
      const length = this.#chunks[this.#next % Math.max(1, this.#chunks.length)] ?? bytes.length;
      this.#next += 1;
      const chunk = bytes.subarray(0, length);
      bytes = bytes.subarray(length);
      for (const side of this.#sides) side.feed(Buffer.from(chunk));
    }
  }

  /** Lets everything run that waits for the end of a turn. */
  async turn(): Promise<void> {
    this.flush();
    await new Promise((resolve) => setImmediate(resolve));
  }

  states(): readonly [unknown, unknown] {
    const [plain, tapped] = this.#sides;
    return [plain.state(), tapped.state()];
  }
}
