import type { AmqpValue } from "./amqp-value.ts";
import { AttachRequest } from "./attach-request.ts";
import { DispositionBuffer } from "./disposition-buffer.ts";
import type { LinkEnd, LinkSession, OutgoingTransfer } from "./link.ts";
import { OutgoingWindow } from "./outgoing-window.ts";
import type { AmqpError, Attach, Disposition, Flow, Transfer } from "./performatives.ts";
import {
  attachFrame,
  detachFrame,
  flowFrame,
  type AttachReply,
  type FlowReply,
} from "./write-performative.ts";
import { AmqpDecodeError } from "./amqp-decoder.ts";

/** Number of frames that a client may send before the window is renewed. */
export const INCOMING_WINDOW = 2048;

const EMPTY = Buffer.alloc(0);

/** What a session needs from its connection. */
export interface SessionConnection {
  readonly hostname: string;
  /** Maximum frame size that the client accepts. */
  readonly maxFrameBytes: number;
  send(channel: number, value: AmqpValue, payload: Buffer): void;
  /** Calls the session's `flush` before the next write. */
  wantFlush(session: AmqpSession): void;
  onAttach(request: AttachRequest): void;
}

/** Our handle and the client's handle of the same link. */
interface Slot {
  readonly handle: number;
  readonly remoteHandle: number;
  link: LinkEnd;
  isDetachSent: boolean;
}

/** A channel of a connection with its links. */
export class AmqpSession implements LinkSession {
  readonly #connection: SessionConnection;
  readonly #channel: number;
  readonly #outgoing: OutgoingWindow;
  readonly #incomingSettled = new DispositionBuffer(true);
  readonly #outgoingSettled = new DispositionBuffer(false);
  readonly #byRemoteHandle = new Map<number, Slot>();
  readonly #byHandle = new Map<number, Slot>();
  #nextIncomingId: number;
  #incomingLeft = INCOMING_WINDOW;

  constructor(
    connection: SessionConnection,
    channel: number,
    begin: { readonly incomingWindow: number; readonly nextOutgoingId: number },
  ) {
    this.#connection = connection;
    this.#channel = channel;
    this.#nextIncomingId = begin.nextOutgoingId;
    this.#outgoing = new OutgoingWindow(
      begin.incomingWindow,
      connection.maxFrameBytes,
      ({ value, payload }) => {
        connection.send(channel, value, payload);
      },
    );
  }

  onAttach(attach: Attach): void {
    if (this.#byRemoteHandle.has(attach.handle)) throw new AmqpDecodeError("A handle is attached twice.");
    const handle = this.#freeHandle();
    const request = new AttachRequest({ attach, handle }, this, this.#connection.hostname, (link) => {
      slot.link = link;
    });
    const slot: Slot = { handle, remoteHandle: attach.handle, link: request, isDetachSent: false };
    this.#byRemoteHandle.set(attach.handle, slot);
    this.#byHandle.set(handle, slot);
    this.#connection.onAttach(request);
  }

  onFlow(flow: Flow): void {
    const isWindowOpened = this.#outgoing.onFlow(flow);
    if (flow.handle !== undefined) this.#byRemoteHandle.get(flow.handle)?.link.onFlow(flow);
    else if (flow.isEcho) this.#write(flowFrame(this.#windows()));
    if (isWindowOpened) this.#announceRoom();
  }

  onTransfer(transfer: Transfer, payload: Buffer): void {
    this.#nextIncomingId = (this.#nextIncomingId + 1) >>> 0;
    this.#incomingLeft -= 1;
    this.#byRemoteHandle.get(transfer.handle)?.link.onTransfer(transfer, payload);
    if (this.#incomingLeft > INCOMING_WINDOW / 2) return;
    this.#incomingLeft = INCOMING_WINDOW;
    this.#write(flowFrame(this.#windows()));
  }

  onDisposition(disposition: Disposition): void {
    // A sender's disposition only confirms what we have settled.
    if (!disposition.isFromReceiver) return;
    const hadRoom = this.#outgoing.hasRoom();
    this.#outgoing.onDisposition(disposition);
    if (!hadRoom && this.#outgoing.hasRoom()) this.#announceRoom();
  }

  onDetach(remoteHandle: number, isClosed: boolean): void {
    const slot = this.#byRemoteHandle.get(remoteHandle);
    if (slot === undefined) return;
    slot.link.onDetach();
    if (!slot.isDetachSent) this.#write(detachFrame(slot.handle, isClosed));
    this.#byRemoteHandle.delete(remoteHandle);
    this.#byHandle.delete(slot.handle);
  }

  /** The client has ended the session, or the connection is gone. */
  onLost(): void {
    const slots = [...this.#byHandle.values()];
    this.#byHandle.clear();
    this.#byRemoteHandle.clear();
    for (const { link } of slots) link.onLost();
  }

  /** Sends the settlements of this turn. */
  flush(): void {
    for (const buffer of [this.#incomingSettled, this.#outgoingSettled]) {
      if (buffer.isEmpty) continue;
      for (const frame of buffer.take()) this.#connection.send(this.#channel, frame, EMPTY);
    }
  }

  attach(reply: Omit<AttachReply, "handle">, handle: number): void {
    if (this.#byHandle.has(handle)) this.#write(attachFrame({ ...reply, handle }));
  }

  detach(handle: number, isClosed: boolean, error?: AmqpError): void {
    const slot = this.#byHandle.get(handle);
    if (slot === undefined || slot.isDetachSent) return;
    slot.isDetachSent = true;
    this.#write(detachFrame(handle, isClosed, error));
  }

  flow(link: NonNullable<FlowReply["link"]>): void {
    if (this.#byHandle.has(link.handle)) this.#write(flowFrame({ ...this.#windows(), link }));
  }

  hasRoom(): boolean {
    return this.#outgoing.hasRoom();
  }

  transfer(delivery: OutgoingTransfer): number {
    return this.#outgoing.transfer(delivery);
  }

  settleIncoming(id: number, state: AmqpValue): void {
    this.#incomingSettled.add(id, state);
    this.#connection.wantFlush(this);
  }

  settleOutgoing(id: number, state: AmqpValue): void {
    const hadRoom = this.#outgoing.hasRoom();
    if (!this.#outgoing.settle(id)) return;
    this.#outgoingSettled.add(id, state);
    this.#connection.wantFlush(this);
    if (!hadRoom && this.#outgoing.hasRoom()) this.#announceRoom();
  }

  #announceRoom(): void {
    for (const { link } of this.#byHandle.values()) link.onWindow();
  }

  /** Sends settlements first, because a client forgets its deliveries when it receives a detach. */
  #write(value: AmqpValue): void {
    this.flush();
    this.#connection.send(this.#channel, value, EMPTY);
  }

  #windows(): FlowReply {
    return {
      nextIncomingId: this.#nextIncomingId,
      incomingWindow: INCOMING_WINDOW,
      nextOutgoingId: this.#outgoing.nextTransferId,
    };
  }

  #freeHandle(): number {
    let handle = 0;
    while (this.#byHandle.has(handle)) handle += 1;
    return handle;
  }
}
