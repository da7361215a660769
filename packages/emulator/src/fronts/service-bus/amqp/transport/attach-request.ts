import type { AmqpValue } from "./amqp-value.ts";
import { IncomingLink, type IncomingHandlers, type IncomingOptions } from "./incoming-link.ts";
import type { LinkEnd, LinkIdentity, LinkSession } from "./link.ts";
import { OutgoingLink, type OutgoingHandlers, type OutgoingOptions } from "./outgoing-link.ts";
import type { AmqpError, Attach, Flow } from "./performatives.ts";
import { bareTerminus } from "./terminus.ts";

/** How a link is confirmed beyond what both sides know already. */
export interface AttachAnswer {
  /** Instead of the source that the client wrote. */
  readonly source?: AmqpValue | undefined;
  readonly properties?: AmqpValue | undefined;
}

/**
 * A client that wants a link. Whoever gets it answers it when it pleases: until then the client
 * waits, and `onCancelled` tells when it has stopped to.
 */
export class AttachRequest implements LinkEnd {
  readonly attach: Attach;
  /** What the client called the server when it connected. */
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

  /** The client will send. Credit is granted at once: its link counts as open only then. */
  acceptSender(options: IncomingOptions, handlers: IncomingHandlers): IncomingLink {
    const link = new IncomingLink(this.#identity(), this.#session, options, handlers);
    this.#confirm(link, {}, options.maxMessageBytes);
    link.grantCredit();
    return link;
  }

  /** The client will receive. */
  acceptReceiver(
    options: OutgoingOptions,
    handlers: OutgoingHandlers,
    answer: AttachAnswer = {},
  ): OutgoingLink {
    const link = new OutgoingLink(this.#identity(), this.#session, options, handlers);
    this.#confirm(link, answer, undefined);
    return link;
  }

  /** Tells the client, after `acceptReceiver`, of the credit that came before the answer. */
  replayFlow(link: OutgoingLink): void {
    if (this.#earlyFlow !== undefined) link.onFlow(this.#earlyFlow);
  }

  /**
   * Confirms without an address and detaches in the same write: a client that receives takes the
   * confirmation for success unless the detach is there when it looks.
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
    // Nothing waits to be sent.
  }

  #identity(): LinkIdentity {
    return { attach: this.attach, handle: this.#handle };
  }

  #confirm(link: LinkEnd, answer: AttachAnswer, maxMessageSize: number | undefined): void {
    if (!this.#isWaiting) {
      // The client has gone meanwhile, and its handle may belong to another link.
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
