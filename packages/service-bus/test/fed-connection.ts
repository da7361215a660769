import { EventEmitter } from "node:events";
import rhea, { type Connection, type Delivery, type EventContext, type Receiver } from "rhea";
import { LeanDelivery } from "../src/lean-delivery.ts";
import type { RawContext } from "../src/lean-message.ts";
import { isRheaDelivery, type RheaLink } from "../src/rhea-names.ts";
import { takerOf, tapTransfers } from "../src/transfer-tap.ts";
import { TransferTaker, type TransferEvents } from "../src/transfer-taker.ts";
import { compound, described, uintBytes, variable } from "./amqp-bytes.ts";

export type Outcome = "accept" | "release" | "reject" | "modified";

/** A channel that does not fit into one byte. */
const CHANNEL = 300;
const TRUE = Buffer.of(0x41);
const FALSE = Buffer.of(0x42);
const NULL = Buffer.of(0x40);

/** Makes an AMQP frame. `extra` is the number of words in its extended header. */
export function frame(body: Buffer, extra = 0, channel = CHANNEL): Buffer {
  const head = Buffer.concat([
    uintBytes(8 + 4 * extra + body.length, 4),
    Buffer.of(2 + extra, 0),
    uintBytes(channel, 2),
    Buffer.alloc(4 * extra, 0xee),
  ]);
  return Buffer.concat([head, body]);
}

export function performative(code: number, ...fields: readonly Buffer[]): Buffer {
  return described(Buffer.of(0x53, code), compound(0xd0, fields));
}

export const uint = (value: number): Buffer => Buffer.concat([Buffer.of(0x70), uintBytes(value, 4)]);
const ushort = (value: number): Buffer => Buffer.concat([Buffer.of(0x60), uintBytes(value, 2)]);
const string = (text: string): Buffer => variable(0xa1, Buffer.from(text));

export function attach(name: string, handle: number): Buffer {
  const unused = Array.from({ length: 6 }, () => NULL);
  return frame(performative(0x12, string(name), uint(handle), FALSE, ...unused, uint(0)));
}

export function flow(nextOutgoing: number, ...ofLink: readonly Buffer[]): Buffer {
  return frame(performative(0x13, uint(0), uint(2_048), uint(nextOutgoing), uint(0xff_ff_ff), ...ofLink));
}

export const detach = (handle: number): Buffer => frame(performative(0x16, uint(handle), TRUE));
export const end = (): Buffer => frame(performative(0x17));

/** A rhea connection without a socket: it is fed with bytes, and logs what it makes of them. */
export class FedConnection {
  readonly #isTapped: boolean;
  readonly #socket = new FakeSocket();
  readonly #connection: Connection;
  readonly #receivers: Receiver[] = [];
  readonly #unsettled: RawContext["delivery"][] = [];
  readonly #accepted = new Set<unknown>();
  readonly log: unknown[] = [];
  /** How many messages bypassed rhea. */
  lean = 0;
  /** How many answers bypassed rhea. */
  leanAnswers = 0;

  constructor(isTapped: boolean) {
    this.#isTapped = isTapped;
    let connected: () => void = () => {};
    const connect = (_port: number, _host: string, _options: object, done: () => void): FakeSocket => {
      connected = done;
      return this.#socket;
    };
    this.#connection = rhea.create_container({ id: "client" }).connect({
      reconnect: false,
      connection_details: () => ({ port: 0, host: "", connect }),
    } as never);
    for (const name of [
      "error",
      "protocol_error",
      "disconnected",
      "connection_close",
      "session_close",
      "receiver_close",
    ])
      (this.#connection as EventEmitter).on(name, (what: unknown) =>
        this.log.push([name, what instanceof Error ? what.message : ""]),
      );
    const session = this.#connection.create_session();
    session.begin();
    for (const name of ["first", "second"]) {
      const options = { name, source: "q", autoaccept: false, credit_window: 0, rcv_settle_mode: 1 as const };
      const receiver = session.open_receiver(options);
      receiver.add_credit(1_000);
      receiver.on("message", (context: EventContext) =>
        this.#arrivedInRhea(context as unknown as RawContext),
      );
      receiver.on("settled", ({ delivery }: EventContext) => this.#settled(delivery as unknown as Delivery));
      receiver.on("receiver_drained", () => this.log.push(["drained", name]));
      this.#receivers.push(receiver);
    }
    connected();
  }

  /** Feeds everything with which the other end opens the connection, the session and the links. */
  open(): void {
    const begin = performative(0x11, ushort(0), uint(0), uint(2_048), uint(0xff_ff_ff));
    this.feed(Buffer.from("AMQP\0\x01\0\0", "latin1"));
    this.feed(frame(performative(0x10, string("broker")), 0, 0));
    this.feed(frame(begin));
    this.feed(Buffer.concat([attach("first", 0), attach("second", 1)]));
  }

  feed(bytes: Buffer): void {
    this.#socket.emit("data", bytes);
  }

  /** Settles one of the waiting deliveries, the one at that share of them. */
  settle(share: number, outcome: Outcome): void {
    const [delivery] = this.#unsettled.splice(Math.floor(share * this.#unsettled.length), 1);
    if (delivery === undefined) return;
    const own = delivery as unknown as Delivery;
    if (delivery.remote_settled) own.update(true);
    else if (outcome === "release") own.release();
    else if (outcome === "reject") own.reject({ condition: "no", description: `d${own.id}` });
    else if (outcome === "modified") own.modified({ delivery_failed: true, undeliverable_here: false });
    else {
      this.#accepted.add(delivery);
      own.accept();
    }
  }

  /** Ids of deliveries that were accepted here and have no answer. */
  get unanswered(): readonly number[] {
    const accepted = [...this.#accepted] as RawContext["delivery"][];
    return accepted.flatMap(({ id, remote_settled: isAnswered }) => (isAnswered ? [] : [id]));
  }

  credit(link: number, count: number): void {
    this.#receivers[link]?.add_credit(count);
  }

  drain(link: number): void {
    (this.#receivers[link] as unknown as { drain_credit(): void }).drain_credit();
  }

  closeLink(link: number): void {
    this.#receivers[link]?.close();
  }

  end(): void {
    this.#socket.emit("end");
  }

  /** Everything that rhea knows of the links, and everything that it has written. */
  state(): unknown {
    const [first] = this.#receivers as unknown as (RheaLink & { session: { incoming: Counts } })[];
    const incoming = first?.session.incoming;
    const { deliveries } = incoming ?? { deliveries: undefined };
    const { previous_input: rest, frame_size: size } = this.#connection as unknown as Rest;
    return {
      counts: [
        incoming?.next_transfer_id,
        incoming?.next_delivery_id,
        incoming?.max_transfer_id,
        incoming?.window,
      ],
      deliveries: (deliveries?.entries ?? []).map(
        (one) => one && [one.id, one.settled, Boolean(one.remote_settled)],
      ),
      places: [deliveries?.head, deliveries?.tail, deliveries?.size],
      links: (this.#receivers as unknown as RheaLink[]).map(
        ({ credit, delivery_count: count, _incomplete }) => [
          credit,
          count,
          (_incomplete as { id?: number } | undefined)?.id,
        ],
      ),
      rest: [rest ?? undefined, size],
      written: this.#socket.written(),
      log: this.log,
    };
  }

  #arrivedInRhea(context: RawContext): void {
    const { delivery } = context;
    if (this.#isTapped && isRheaDelivery(delivery)) {
      const { link } = delivery;
      const taker = takerOf(link);
      if (taker === undefined) tapTransfers(link, new TransferTaker(link, this.#events));
      else taker.prove(context);
    }
    this.#arrived(context);
  }

  readonly #events: TransferEvents = {
    arrived: (context) => this.#arrived(context),
    isAwaited: (delivery) => this.#accepted.has(delivery),
    settled: (delivery) => {
      this.leanAnswers += 1;
      this.#settled(delivery as unknown as Delivery);
    },
  };

  #arrived({ message, delivery }: RawContext): void {
    const { id, tag, format, link } = delivery as unknown as Delivery;
    if (delivery instanceof LeanDelivery) this.lean += 1;
    this.log.push(["message", id, tag, format, !delivery.remote_settled, link.name, shown(message)]);
    this.#unsettled.push(delivery);
  }

  #settled(delivery: Delivery): void {
    // Null if a transfer said so.
    const state = (delivery.remote_state ?? undefined) as
      | { constructor?: { composite_type?: string } }
      | undefined;
    const how =
      state === undefined && this.#accepted.has(delivery) ? "accepted" : state?.constructor?.composite_type;
    this.log.push(["settled", delivery.id, how, JSON.stringify(how === "accepted" ? {} : state)]);
  }
}

interface Counts {
  readonly next_transfer_id: number;
  readonly next_delivery_id: number;
  readonly max_transfer_id: number;
  readonly window: number;
  readonly deliveries: {
    readonly entries: readonly ({ id: number; settled: unknown; remote_settled: unknown } | undefined)[];
    readonly head: number;
    readonly tail: number;
    readonly size: number;
  };
}

interface Rest {
  readonly previous_input?: Buffer | null;
  readonly frame_size?: number;
}

/** The defined members of a value, whatever its class. */
function shown(message: unknown): unknown {
  if (Buffer.isBuffer(message)) return message;
  const there = Object.entries(message as object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    there.map(([name, value]) => [name, name === "body" && isSection(value) ? { ...value } : value]),
  );
}

function isSection(value: unknown): value is object {
  return typeof value === "object" && value !== null && "typecode" in value;
}

class FakeSocket extends EventEmitter {
  readonly #written: Buffer[] = [];

  write(bytes: Buffer): boolean {
    this.#written.push(bytes);
    return true;
  }

  written(): Buffer {
    return Buffer.concat(this.#written);
  }

  end(): void {
    this.#written.push(Buffer.from("end"));
  }

  destroy(): void {}
  setNoDelay(): void {}
}
