import type { AmqpError, Attach, Flow, Transfer } from "./performatives.ts";
import type { AttachReply } from "./write-performative.ts";
import type { AmqpValue } from "./amqp-value.ts";
import type { Outcome } from "./outcome.ts";

/** One end of a link, as its session sees it. */
export interface LinkEnd {
  onFlow(flow: Flow): void;
  onTransfer(transfer: Transfer, payload: Buffer): void;
  /** The peer has detached. The session sends the answer. */
  onDetach(): void;
  /** The session or the connection is gone. */
  onLost(): void;
  /** The session may send again. */
  onWindow(): void;
}

/** What a link needs from its session. */
export interface LinkSession {
  attach(reply: Omit<AttachReply, "handle">, handle: number): void;
  detach(handle: number, isClosed: boolean, error?: AmqpError): void;
  flow(link: {
    readonly handle: number;
    readonly deliveryCount: number;
    readonly credit: number;
    readonly isDrain: boolean;
  }): void;
  /** Returns true if one more delivery can be sent, and remembered until it is settled. */
  hasRoom(): boolean;
  /** Sends a delivery and returns its id. */
  transfer(delivery: OutgoingTransfer): number;
  /** Settles a delivery from the client. */
  settleIncoming(id: number, state: AmqpValue): void;
  /** Settles a delivery to the client. */
  settleOutgoing(id: number, state: AmqpValue): void;
}

export interface OutgoingTransfer {
  readonly handle: number;
  readonly tag: Buffer;
  readonly payload: Buffer;
  readonly isSettled: boolean;
  onOutcome(id: number, isSettled: boolean, outcome: Outcome | undefined): void;
}

/** Identifies a link of a client. */
export interface LinkIdentity {
  readonly attach: Attach;
  readonly handle: number;
}
