import type { SendTarget } from "../../engine/contract.ts";
import { messageTooLarge } from "../../engine/refusals.ts";
import { AmqpRefusal } from "../amqp-errors.ts";
import type { CallSite } from "../calls/call-site.ts";
import type { ServiceBusCall } from "../calls/service-bus-call.ts";
import type { EdgeParts } from "../edge-parts.ts";
import { decodeTransfer } from "../message/decode-transfer.ts";
import type { AttachRequest } from "../transport/attach-request.ts";
import type { AmqpConnection } from "../transport/amqp-connection.ts";
import type { IncomingDelivery } from "../transport/incoming-link.ts";
import { ACCEPTED_STATE, rejectedState } from "../transport/outcome.ts";
import { errorValue } from "../transport/write-performative.ts";

// About what the service grants to its senders. It must never run dry.
const CREDIT_WINDOW = 1000;

/** Accepts the link of a client that sends to a queue or topic. Throws `EngineError` if it cannot send. */
export function acceptSender(
  parts: EdgeParts,
  request: AttachRequest,
  connection: AmqpConnection,
  target: SendTarget,
  call: ServiceBusCall,
): void {
  const handle = target.attachSender({ end: (error) => link.detach(call.errorOf(error)) });
  const link = request.acceptSender(
    { maxMessageBytes: target.maxMessageBytes, creditWindow: call.has("noCredit") ? 0 : CREDIT_WINDOW },
    {
      onMessage: (delivery) => inbox.receive(delivery),
      onDetached: () => handle.close(),
    },
  );
  const site: CallSite = { connection, link: link.name, detach: (error) => link.detach(error) };
  const inbox = new SenderInbox(parts, target, site);
}

/** Takes in what arrives over one link. */
class SenderInbox {
  readonly #parts: EdgeParts;
  readonly #target: SendTarget;
  readonly #site: CallSite;

  constructor(parts: EdgeParts, target: SendTarget, site: CallSite) {
    this.#parts = parts;
    this.#target = target;
    this.#site = site;
  }

  /** Answers a whole batch with one disposition: all messages are taken, or none. */
  receive(delivery: IncomingDelivery): void {
    const call = this.#parts.calls.open({
      operation: "send",
      path: this.#target.path,
      site: this.#site,
      body: () => delivery.payload.toString("latin1"),
    });
    call.run(
      () => this.#send(delivery),
      (answer) => {
        delivery.settle(answer.isDone ? ACCEPTED_STATE : rejectedState(errorValue(answer.error)));
      },
    );
  }

  /**
   * A batch has the size limit of a message:
   * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas (2026-11-30)
   */
  #send({ payload, format, isOversize }: IncomingDelivery): void {
    const { maxMessageBytes } = this.#target;
    if (isOversize) {
      throw new AmqpRefusal(
        "amqp:link:message-size-exceeded",
        `The received message exceeds the limit (${maxMessageBytes} bytes) currently allowed on the link.`,
      );
    }
    if (payload.length > maxMessageBytes) throw messageTooLarge(payload.length, maxMessageBytes);
    this.#target.send(decodeTransfer(payload, format, (wireMs) => this.#parts.wireTime.toEngineMs(wireMs)));
  }
}
