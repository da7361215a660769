import type { AmqpError, Attach, Flow, Transfer } from "./performatives.ts";
import type { AttachReply } from "./write-performative.ts";
import type { AmqpValue } from "./amqp-value.ts";
import type { Outcome } from "./outcome.ts";

/** One end of a link, as its session sees it. */
export interface LinkEnd {
  onFlow(flow: Flow): void;
  onTransfer(transfer: Transfer, payload: Buffer): void;
  /** The peer has detached; the answer is on its way. */
  onDetach(): void;
  /** Session or connection are gone. */
  onLost(): void;
  /** The session may send again. */
  onWindow(): void;
}

/** What a link needs of its session. */
export interface LinkSession {
  attach(reply: Omit<AttachReply, "handle">, handle: number): void;
  detach(handle: number, isClosed: boolean, error?: AmqpError): void;
  flow(link: {
    readonly handle: number;
    readonly deliveryCount: number;
    readonly credit: number;
    readonly isDrain: boolean;
  }): void;
  /** Whether one more delivery can leave and be remembered until it is settled. */
  hasRoom(): boolean;
  /** Sends and answers the delivery's id. */
  transfer(delivery: OutgoingTransfer): number;
  /** Settles a delivery that came in. */
  settleIncoming(id: number, state: AmqpValue): void;
  /** Settles a delivery that went out. */
  settleOutgoing(id: number, state: AmqpValue): void;
}

export interface OutgoingTransfer {
  readonly handle: number;
  readonly tag: Buffer;
  readonly payload: Buffer;
  readonly isSettled: boolean;
  onOutcome(id: number, isSettled: boolean, outcome: Outcome | undefined): void;
}

/** Which link of which client. */
export interface LinkIdentity {
  readonly attach: Attach;
  readonly handle: number;
}
