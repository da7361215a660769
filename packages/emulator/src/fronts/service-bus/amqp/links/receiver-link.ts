import type { Consumer, ConsumerHandle, Delivery, Mailbox, ReceiveMode } from "../../engine/contract.ts";
import type { EngineError } from "../../engine/engine-error.ts";
import type { CallSite } from "../calls/call-site.ts";
import type { ServiceBusCall } from "../calls/service-bus-call.ts";
import type { EdgeParts } from "../edge-parts.ts";
import { encodeDelivery } from "../message/encode-delivery.ts";
import { lockTokenOfTag, tagOfLockToken } from "../message/lock-token.ts";
import type { AmqpConnection } from "../transport/amqp-connection.ts";
import type { AttachAnswer, AttachRequest } from "../transport/attach-request.ts";
import type { AmqpValue } from "../transport/amqp-value.ts";
import { confirmationOf, rejectedState, type Outcome } from "../transport/outcome.ts";
import type { OutgoingLink } from "../transport/outgoing-link.ts";
import { errorValue } from "../transport/write-performative.ts";
import { tagSequence } from "./reply-links.ts";
import { settlementOf } from "./settle-delivery.ts";

// snd-settle-mode 1 of a receiver: deliveries count as settled when sent. Seen with @azure/service-bus 7.9.5.
const SETTLED = 1;

/** Where a receiver's deliveries come from, and what to give back when it leaves. */
export interface DeliverySource {
  readonly mailbox: Mailbox;
  readonly sessionId: string | undefined;
  /** Confirmation of the attach. */
  readonly answer: AttachAnswer;
  attach(consumer: Consumer): ConsumerHandle;
  /** Called once, after the consumer is closed. */
  leave(): void;
}

/** A client that receives from a mailbox or from one of its sessions. */
export class ReceiverLink implements Consumer {
  readonly mode: ReceiveMode;
  readonly #parts: EdgeParts;
  readonly #source: DeliverySource;
  readonly #request: AttachRequest;
  readonly #attachCall: ServiceBusCall;
  readonly #nextTag = tagSequence();
  readonly #site: CallSite;
  #handle: ConsumerHandle | undefined;
  /** Undefined until the attach is confirmed. Nothing can be delivered before. */
  #link: OutgoingLink | undefined;
  /** A fault delays a delivery. Later ones wait behind it. */
  #isDelaying = false;

  constructor(
    parts: EdgeParts,
    request: AttachRequest,
    connection: AmqpConnection,
    source: DeliverySource,
    call: ServiceBusCall,
  ) {
    this.#parts = parts;
    this.#source = source;
    this.#request = request;
    this.#attachCall = call;
    this.mode = request.attach.senderSettleMode === SETTLED ? "receiveAndDelete" : "peekLock";
    this.#site = {
      connection,
      link: request.attach.name,
      detach: (error) => this.#link?.detach(error),
    };
  }

  /** Throws `EngineError` if nothing can be received. The caller must then call `source.leave`. */
  open(): void {
    this.#handle = this.#source.attach(this);
    this.#link = this.#request.acceptReceiver(
      { isSettled: this.mode === "receiveAndDelete", ignoresDrain: this.#attachCall.has("ignoreDrain") },
      {
        onRoom: () => this.#handle?.roomMade(),
        onOutcome: (tag, outcome, answer) => this.#settle(tag, outcome, answer),
        onDetached: () => this.#leave(),
      },
      this.#source.answer,
    );
    this.#request.replayFlow(this.#link);
  }

  hasRoom(): boolean {
    return !this.#isDelaying && this.#link?.hasRoom() === true;
  }

  deliver(delivery: Delivery): void {
    const { calls } = this.#parts;
    const { path } = this.#source.mailbox;
    calls.handedOut(path, delivery.lockToken);
    const call = calls.open({ operation: "receive", path, site: this.#site });
    const refuse: CallSite["detach"] = (error) => this.#site.detach(error);
    let isNow = true;
    this.#isDelaying = true;
    call.position(
      "before",
      refuse,
      () => this.#hand(delivery, call, refuse),
      () => {
        this.#isDelaying = false;
        if (!isNow) this.#handle?.roomMade();
      },
    );
    isNow = false;
  }

  /** The entity is gone, or the session's lock is. */
  end(error: EngineError): void {
    this.#link?.detach(this.#attachCall.errorOf(error));
  }

  #hand(delivery: Delivery, call: ServiceBusCall, refuse: CallSite["detach"]): void {
    const { mailbox, sessionId } = this.#source;
    const { lockToken } = delivery;
    this.#send(delivery, call);
    call.position("after", refuse, () => {
      if (lockToken !== undefined) call.deliverAgain(mailbox, lockToken);
      if (lockToken !== undefined) call.expireLock(mailbox, lockToken);
      if (sessionId !== undefined && call.has("sessionLost")) mailbox.loseSession(sessionId);
      call.finish();
    });
  }

  #send(delivery: Delivery, call: ServiceBusCall): void {
    const { lockToken, lockedUntilMs } = delivery;
    const tag = lockToken === undefined ? this.#nextTag() : tagOfLockToken(lockToken);
    const skewed = lockedUntilMs === undefined ? undefined : lockedUntilMs + call.skewMs;
    const toWireTime = (engineMs: number): number => this.#parts.wireTime.toWireMs(engineMs);
    const payload = encodeDelivery({ ...delivery, lockedUntilMs: skewed }, toWireTime);
    this.#link?.deliver(tag, call.has("corruptMessage") ? payload.fill(0xff, 0, 8) : payload);
  }

  #settle(tag: Buffer, outcome: Outcome, answer: (state: AmqpValue) => void): void {
    const { mailbox, sessionId } = this.#source;
    const lockToken = lockTokenOfTag(tag);
    const { operation, apply } = settlementOf(outcome);
    const call = this.#parts.calls.open({ operation, path: mailbox.path, site: this.#site });
    call.run(
      () => {
        call.expireLock(mailbox, lockToken);
        if (call.has("sessionLost") && sessionId !== undefined) mailbox.loseSession(sessionId);
        apply(mailbox, lockToken);
      },
      (ended) => {
        answer(ended.isDone ? confirmationOf(outcome) : rejectedState(errorValue(ended.error)));
      },
    );
  }

  #leave(): void {
    this.#handle?.close();
    this.#source.leave();
  }
}
