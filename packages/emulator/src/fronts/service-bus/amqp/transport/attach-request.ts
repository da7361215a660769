import type { AmqpValue } from "./amqp-value.ts";
import { IncomingLink, type IncomingHandlers, type IncomingOptions } from "./incoming-link.ts";
import type { LinkEnd, LinkIdentity, LinkSession } from "./link.ts";
import { OutgoingLink, type OutgoingHandlers, type OutgoingOptions } from "./outgoing-link.ts";
import type { AmqpError, Attach, Flow } from "./performatives.ts";
import { bareTerminus } from "./terminus.ts";

/** What the confirmation of a link adds to what both sides already know. */
export interface AttachAnswer {
  /** Replaces the client's source. */
  readonly source?: AmqpValue | undefined;
  readonly properties?: AmqpValue | undefined;
}

/**
 * A client that wants a link. The handler may answer at any time. Until then the client waits, and
 * `onCancelled` is called if it stops waiting.
 */
export class AttachRequest implements LinkEnd {
  readonly attach: Attach;
  /** Name by which the client called the server when it connected. */
  readonly hostname: string;
  onCancelled: (() => void) | undefined;
  readonly #handle: number;
  readonly #session: LinkSession;
  readonly #replace: (link: LinkEnd) => void;
  #isWaiting = true;
  #earlyFlow: Flow | undefined;

  constructor(
    { attach, handle }: LinkIdentity,
    session: LinkSession,
    hostname: string,
    replace: (link: LinkEnd) => void,
  ) {
    this.attach = attach;
    this.hostname = hostname;
    this.#handle = handle;
    this.#session = session;
    this.#replace = replace;
  }

  /** Accepts a client that will send. Grants credit at once, because its link only then counts as open. */
  acceptSender(options: IncomingOptions, handlers: IncomingHandlers): IncomingLink {
    const link = new IncomingLink(this.#identity(), this.#session, options, handlers);
    this.#confirm(link, {}, options.maxMessageBytes);
    link.grantCredit();
    return link;
  }

  /** Accepts a client that will receive. */
  acceptReceiver(
    options: OutgoingOptions,
    handlers: OutgoingHandlers,
    answer: AttachAnswer = {},
  ): OutgoingLink {
    const link = new OutgoingLink(this.#identity(), this.#session, options, handlers);
    this.#confirm(link, answer, undefined);
    return link;
  }

  /** Gives the link the credit that arrived before the answer. Call it after `acceptReceiver`. */
  replayFlow(link: OutgoingLink): void {
    if (this.#earlyFlow !== undefined) link.onFlow(this.#earlyFlow);
  }

  /**
   * Confirms without an address and detaches in the same write. A receiving client takes the confirmation for
   * success unless the detach is already there when it looks.
   */
  refuse(error: AmqpError): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#reply({ type: "null", value: null }, { type: "null", value: null });
    this.#session.detach(this.#handle, true, error);
  }

  onFlow(flow: Flow): void {
    this.#earlyFlow = flow;
  }

  onTransfer(): void {
    // Nobody may send before there is credit.
  }

  onDetach(): void {
    this.#cancel();
  }

  onLost(): void {
    this.#cancel();
  }

  onWindow(): void {
    // There is nothing to send yet.
  }

  #identity(): LinkIdentity {
    return { attach: this.attach, handle: this.#handle };
  }

  #confirm(link: LinkEnd, answer: AttachAnswer, maxMessageSize: number | undefined): void {
    if (!this.#isWaiting) {
      // The client has left meanwhile, and its handle may belong to another link.
      link.onLost();
      return;
    }
    this.#isWaiting = false;
    this.#replace(link);
    const { source, target } = this.attach;
    this.#reply(
      answer.source ?? source?.raw ?? bareTerminus("source"),
      target?.raw ?? bareTerminus("target"),
      maxMessageSize,
      answer.properties,
    );
  }

  #reply(source: AmqpValue, target: AmqpValue, maxMessageSize?: number, properties?: AmqpValue): void {
    const { name, isReceiver, senderSettleMode, receiverSettleMode } = this.attach;
    this.#session.attach(
      {
        name,
        isReceiver: !isReceiver,
        senderSettleMode,
        receiverSettleMode,
        source,
        target,
        maxMessageSize,
        properties,
      },
      this.#handle,
    );
  }

  #cancel(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.onCancelled?.();
  }
}
