import { binary, type AmqpValue } from "./amqp-value.ts";
import { encode } from "./amqp-encoder.ts";
import type { OutgoingTransfer } from "./link.ts";
import type { Disposition, Flow } from "./performatives.ts";
import { transferFrame } from "./write-performative.ts";

/** A frame with the bytes after its performative. */
export interface OutgoingFrame {
  readonly value: AmqpValue;
  readonly payload: Buffer;
}

// Capacity of a session in rhea 3.0.5. One more unsettled delivery breaks that client.
const MAX_UNSETTLED = 2048;

const FRAME_HEADER_BYTES = 8;

/** All transfers of a session: how many may still be sent, and which are sent but not settled. */
export class OutgoingWindow {
  readonly #send: (frame: OutgoingFrame) => void;
  readonly #maxFrameBytes: number;
  readonly #unsettled = new Map<number, OutgoingTransfer>();
  #blocked: OutgoingFrame[] = [];
  #remoteWindow: number;
  #nextTransferId = 0;
  #nextDeliveryId = 0;
  #oldestUnsettled = 0;

  constructor(remoteWindow: number, maxFrameBytes: number, send: (frame: OutgoingFrame) => void) {
    this.#remoteWindow = remoteWindow;
    this.#maxFrameBytes = maxFrameBytes;
    this.#send = send;
  }

  /** `next-outgoing-id` of flows. */
  get nextTransferId(): number {
    return this.#nextTransferId;
  }

  hasRoom(): boolean {
    if (this.#remoteWindow <= 0 || this.#blocked.length > 0) return false;
    // The client's memory is a ring buffer, so the distance from the oldest unsettled delivery counts.
    while (this.#oldestUnsettled < this.#nextDeliveryId && !this.#unsettled.has(this.#oldestUnsettled)) {
      this.#oldestUnsettled += 1;
    }
    return this.#nextDeliveryId - this.#oldestUnsettled < MAX_UNSETTLED;
  }

  /** Sends a message in as many frames as needed. Frames that the window blocks are sent later. */
  transfer(delivery: OutgoingTransfer): number {
    const deliveryId = this.#nextDeliveryId++;
    if (!delivery.isSettled) this.#unsettled.set(deliveryId, delivery);
    for (const frame of this.#framesOf(delivery, deliveryId)) this.#pass(frame);
    return deliveryId;
  }

  /** Returns true if sending was blocked and is possible now. */
  onFlow({ nextIncomingId, incomingWindow }: Flow): boolean {
    const hadRoom = this.hasRoom();
    this.#remoteWindow = (nextIncomingId ?? 0) + incomingWindow - this.#nextTransferId;
    const blocked = this.#blocked;
    this.#blocked = [];
    for (const frame of blocked) this.#pass(frame);
    return !hadRoom && this.hasRoom();
  }

  /** Visits only deliveries that were sent, however wide a range the client names. */
  onDisposition({ first, last, isSettled, outcome }: Disposition): void {
    const end = Math.min(last, this.#nextDeliveryId - 1);
    for (let id = Math.max(first, this.#oldestUnsettled); id <= end; id++) {
      const delivery = this.#unsettled.get(id);
      if (isSettled) this.#unsettled.delete(id);
      delivery?.onOutcome(id, isSettled, outcome);
    }
  }

  /** Returns false if the client has settled the delivery itself meanwhile. */
  settle(id: number): boolean {
    return this.#unsettled.delete(id);
  }

  *#framesOf(
    { handle, tag, payload, isSettled }: OutgoingTransfer,
    deliveryId: number,
  ): Iterable<OutgoingFrame> {
    const frame = (hasMore: boolean): AmqpValue =>
      transferFrame({ handle, deliveryId, deliveryTag: binary(tag), isSettled, hasMore });
    const whole = frame(false);
    const most = this.#maxFrameBytes - FRAME_HEADER_BYTES - encode(whole).length;
    let from = 0;
    for (; payload.length - from > most; from += most) {
      yield { value: frame(true), payload: payload.subarray(from, from + most) };
    }
    yield { value: whole, payload: payload.subarray(from) };
  }

  #pass(frame: OutgoingFrame): void {
    if (this.#remoteWindow <= 0 || this.#blocked.length > 0) {
      this.#blocked.push(frame);
      return;
    }
    this.#remoteWindow -= 1;
    this.#nextTransferId += 1;
    this.#send(frame);
  }
}
