import type { AmqpValue } from "./amqp-value.ts";
import type { LinkEnd, LinkIdentity, LinkSession } from "./link.ts";
import type { Outcome } from "./outcome.ts";
import type { AmqpError, Flow } from "./performatives.ts";

export interface OutgoingHandlers {
  /** Credit arrived or a window opened. Must deliver what is ready before it returns. */
  onRoom(): void;
  /**
   * The client has decided about a delivery. `answer` settles it. If the client has settled it itself, it
   * expects no answer, and none is sent.
   */
  onOutcome(tag: Buffer, outcome: Outcome, answer: (state: AmqpValue) => void): void;
  /** The link has ended, from either side. Called once. */
  onDetached(): void;
}

export interface OutgoingOptions {
  /** Deliveries are sent settled: receive-and-delete. */
  readonly isSettled: boolean;
  /** Fault: drain requests are not answered. */
  readonly ignoresDrain?: boolean | undefined;
}

/** The link of a client that receives. */
export class OutgoingLink implements LinkEnd {
  readonly #identity: LinkIdentity;
  readonly #session: LinkSession;
  readonly #options: OutgoingOptions;
  readonly #handlers: OutgoingHandlers;
  #isAttached = true;
  #deliveryCount = 0;
  #credit = 0;

  constructor(
    identity: LinkIdentity,
    session: LinkSession,
    options: OutgoingOptions,
    handlers: OutgoingHandlers,
  ) {
    this.#identity = identity;
    this.#session = session;
    this.#options = options;
    this.#handlers = handlers;
  }

  get name(): string {
    return this.#identity.attach.name;
  }

  hasRoom(): boolean {
    return this.#isAttached && this.#credit > 0 && this.#session.hasRoom();
  }

  /** Call it only while `hasRoom` is true. */
  deliver(tag: Buffer, payload: Buffer): void {
    this.#credit -= 1;
    this.#deliveryCount += 1;
    this.#session.transfer({
      handle: this.#identity.handle,
      tag,
      payload,
      isSettled: this.#options.isSettled,
      onOutcome: (id, isSettled, outcome) => {
        if (outcome === undefined) return;
        this.#handlers.onOutcome(tag, outcome, (state) => {
          if (!isSettled) this.#session.settleOutgoing(id, state);
        });
      },
    });
  }

  detach(error?: AmqpError): void {
    if (!this.#isAttached) return;
    this.#end();
    this.#session.detach(this.#identity.handle, true, error);
  }

  onFlow(flow: Flow): void {
    if (!this.#isAttached) return;
    const granted = (flow.deliveryCount ?? 0) + (flow.linkCredit ?? 0) - this.#deliveryCount;
    this.#credit = Math.max(granted, 0);
    this.#handlers.onRoom();
    if (flow.isDrain) this.#drain();
    else if (flow.isEcho) this.#flow(false);
  }

  onTransfer(): void {
    // A receiver must not send. Whatever it sends is ignored.
  }

  onDetach(): void {
    this.#end();
  }

  onLost(): void {
    this.#end();
  }

  onWindow(): void {
    if (this.hasRoom()) this.#handlers.onRoom();
  }

  /**
   * Gives back unused credit. It answers even if there is none, because a client that gets no answer waits
   * and then closes its link.
   */
  #drain(): void {
    if (!this.#isAttached || this.#options.ignoresDrain === true) return;
    this.#deliveryCount += this.#credit;
    this.#credit = 0;
    this.#flow(true);
  }

  #flow(isDrain: boolean): void {
    const { handle } = this.#identity;
    this.#session.flow({ handle, deliveryCount: this.#deliveryCount, credit: this.#credit, isDrain });
  }

  #end(): void {
    if (!this.#isAttached) return;
    this.#isAttached = false;
    this.#handlers.onDetached();
  }
}
