import type { AmqpValue } from "./amqp-value.ts";
import type { LinkEnd, LinkIdentity, LinkSession } from "./link.ts";
import type { AmqpError, Flow, Transfer } from "./performatives.ts";

/** A complete message from a client. */
export interface IncomingDelivery {
  /** A copy, so that it does not hold the socket's memory. */
  readonly payload: Buffer;
  readonly format: number;
  /** The message was larger than the link allows, and its content was discarded. */
  readonly isOversize: boolean;
  /** Answers a delivery, unless the client has settled it itself. The first answer counts. */
  settle(state: AmqpValue): void;
}

export interface IncomingHandlers {
  onMessage(delivery: IncomingDelivery): void;
  /** The link has ended, from either side. Called once. */
  onDetached(): void;
}

export interface IncomingOptions {
  readonly maxMessageBytes: number;
  /** Number of messages that the client may have under way; 0 makes it wait. */
  readonly creditWindow: number;
}

// Slack beyond the limit up to which a too large message is kept. The rest is only counted.
const OVERSIZE_SLACK_BYTES = 1024 * 1024;

/** The link of a client that sends. */
export class IncomingLink implements LinkEnd {
  readonly #identity: LinkIdentity;
  readonly #session: LinkSession;
  readonly #options: IncomingOptions;
  readonly #handlers: IncomingHandlers;
  #isAttached = true;
  #deliveryCount: number;
  #credit = 0;
  #parts: Buffer[] = [];
  #size = 0;
  #first: Transfer | undefined;

  constructor(
    identity: LinkIdentity,
    session: LinkSession,
    options: IncomingOptions,
    handlers: IncomingHandlers,
  ) {
    this.#identity = identity;
    this.#session = session;
    this.#options = options;
    this.#handlers = handlers;
    this.#deliveryCount = identity.attach.initialDeliveryCount;
  }

  get name(): string {
    return this.#identity.attach.name;
  }

  /** Restores the client's credit to the full window. */
  grantCredit(): void {
    if (!this.#isAttached || this.#options.creditWindow === 0) return;
    this.#credit = this.#options.creditWindow;
    this.#flow();
  }

  detach(error?: AmqpError): void {
    if (!this.#isAttached) return;
    this.#end();
    this.#session.detach(this.#identity.handle, true, error);
  }

  onFlow(flow: Flow): void {
    if (flow.isEcho && this.#isAttached) this.#flow();
  }

  onTransfer(transfer: Transfer, payload: Buffer): void {
    if (!this.#isAttached) return;
    this.#first ??= transfer;
    if (transfer.isAborted) {
      this.#forgetMessage();
      return;
    }
    this.#size += payload.length;
    if (this.#size <= this.#options.maxMessageBytes + OVERSIZE_SLACK_BYTES) this.#parts.push(payload);
    else this.#parts = [];
    if (!transfer.hasMore) this.#finish(this.#first, transfer);
  }

  onDetach(): void {
    this.#end();
  }

  onLost(): void {
    this.#end();
  }

  onWindow(): void {
    // The window only limits what is sent to the client.
  }

  #finish(first: Transfer, last: Transfer): void {
    const isSettled = first.isSettled === true || last.isSettled === true;
    const id = first.deliveryId ?? 0;
    const payload = Buffer.concat(this.#parts);
    const isOversize = payload.length < this.#size;
    this.#forgetMessage();
    this.#deliveryCount += 1;
    this.#credit -= 1;
    let isAnswered = isSettled;
    this.#handlers.onMessage({
      payload,
      format: first.messageFormat ?? 0,
      isOversize,
      settle: (state) => {
        if (isAnswered) return;
        isAnswered = true;
        this.#session.settleIncoming(id, state);
      },
    });
    if (this.#isAttached && this.#credit <= this.#options.creditWindow / 2) this.grantCredit();
  }

  #forgetMessage(): void {
    this.#parts = [];
    this.#size = 0;
    this.#first = undefined;
  }

  #flow(): void {
    const { handle } = this.#identity;
    this.#session.flow({ handle, deliveryCount: this.#deliveryCount, credit: this.#credit, isDrain: false });
  }

  #end(): void {
    if (!this.#isAttached) return;
    this.#isAttached = false;
    this.#forgetMessage();
    this.#handlers.onDetached();
  }
}
