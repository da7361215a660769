import {
  LinkedList,
  QueueError,
  type DeadLetterItem,
  type ItemResult,
  type Linked,
} from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { field } from "./field.ts";
import type { LeanMessage } from "./lean-message.ts";
import { freeSettleTimers } from "./free-settle-timers.ts";
import { outlastSettlements } from "./outlast-sdk.ts";
import { nextTurn } from "./next-turn.ts";
import type { NamespaceConnection } from "./namespace-connection.ts";
import { PROVIDER } from "./refusal.ts";
import type { Done } from "./service-bus-handle.ts";
import { clipReason } from "./service-bus-wire.ts";
import { SettlementQueue } from "./settlement-queue.ts";

/** The methods of the SDK's receivers that settle, with or without a session. */
export interface SettlingReceiver {
  completeMessage(message: ServiceBusReceivedMessage): Promise<void>;
  abandonMessage(message: ServiceBusReceivedMessage, properties?: Record<string, string>): Promise<void>;
  deadLetterMessage(
    message: ServiceBusReceivedMessage,
    options?: { deadLetterReason?: string; deadLetterErrorDescription?: string; [property: string]: unknown },
  ): Promise<void>;
}

/** A message to complete. */
export interface Completable {
  readonly message: ServiceBusReceivedMessage;
  readonly lean?: Pick<LeanMessage, "accept" | "delivery"> | undefined;
}

/**
 * Codes of the outcomes that rhea sends.
 * https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-messaging-v1.0-os.html#section-delivery-state, 3.4 (2026-11-30)
 */
const OUTCOMES = { complete: 0x24, deadLetter: 0x25, abandon: 0x27 } as const;

export const DONE: ItemResult = Object.freeze({ ok: true, value: undefined });

/** A settlement that waits for its answer. */
interface Waiting extends Linked<Waiting> {
  readonly source: Completable;
  readonly done: Done;
  hasAnswer: boolean;
}

/** All settlements of one receiver, in the order that rhea needs. Each of them ends. */
export class Settlements {
  readonly #receiver: SettlingReceiver;
  readonly #connection: NamespaceConnection;
  readonly #queue = new SettlementQueue(nextTurn);
  /** Settlements without an answer. */
  readonly #waiting = new LinkedList<Waiting>();
  readonly #isOfSession: boolean;
  #endedBy: QueueError | undefined;

  constructor(receiver: SettlingReceiver, connection: NamespaceConnection, isOfSession = false) {
    this.#receiver = receiver;
    this.#connection = connection;
    this.#isOfSession = isOfSession;
    if (connection.limitsRequests) outlastSettlements(receiver);
  }

  async complete(message: ServiceBusReceivedMessage, signal: AbortSignal | undefined): Promise<ItemResult> {
    return await new Promise((resolve) => {
      this.completeThen({ message }, signal, resolve);
    });
  }

  /** Calls back once. */
  completeThen(source: Completable, signal: AbortSignal | undefined, done: Done): void {
    this.#queue.push("complete", () => {
      const answer = this.#begin(source, signal, done);
      if (answer === undefined || source.lean?.accept(answer) === true) return;
      const complete = (): Promise<void> => this.#receiver.completeMessage(this.#known(source));
      this.#follow(complete, source, OUTCOMES.complete, answer);
    });
  }

  async abandon(
    message: ServiceBusReceivedMessage,
    note: Readonly<Record<string, string>> | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ItemResult> {
    const properties = note === undefined ? undefined : { ...note };
    const abandon = (): Promise<void> => this.#receiver.abandonMessage(this.#known({ message }), properties);
    return await this.#settle(abandon, { message }, OUTCOMES.abandon, signal);
  }

  async deadLetter(
    message: ServiceBusReceivedMessage,
    { reason, description, attributes }: Omit<DeadLetterItem<unknown>, "handle">,
    signal: AbortSignal,
  ): Promise<ItemResult> {
    const options = {
      ...attributes,
      deadLetterReason: clipReason(reason),
      ...(description === undefined ? {} : { deadLetterErrorDescription: clipReason(description) }),
    };
    const bury = (): Promise<void> => this.#receiver.deadLetterMessage(this.#known({ message }), options);
    return await this.#settle(bury, { message }, OUTCOMES.deadLetter, signal);
  }

  /**
   * Called when the link is gone. The SDK does not tell callers that wait for its answers (7.9.5):
   * settlements of a session would wait for their timeout, and hold up all others of their batch.
   */
  giveUp(cause: unknown): void {
    const what = "the link was gone before the service answered";
    this.#endedBy = new QueueError("CONNECTION_LOST", { what, provider: PROVIDER, ambiguous: true, cause });
    freeSettleTimers(this.#receiver);
    for (const one of this.#waiting.toArray()) this.#answer(one, { ok: false, error: this.#endedBy });
  }

  /**
   * Any message may name a session, which means nothing in an entity without sessions. Once its link is gone,
   * the SDK does not settle a message that names one (7.9.5). Nor does it repeat a settlement that the service has
   * refused, although its lock lives: as one without a link, the message is settled by its lock token.
   */
  #known(source: Completable): ServiceBusReceivedMessage {
    const { message } = source;
    if (this.#isOfSession) return message;
    const isRefused = hasRefusal(deliveryOf(source));
    if (message.sessionId === undefined && !isRefused) return message;
    return Object.create(message, {
      sessionId: { value: undefined },
      ...(isRefused && { delivery: { value: {} } }),
    }) as ServiceBusReceivedMessage;
  }

  /** Goes alone in its turn, whatever the outcome. */
  async #settle(
    work: () => Promise<void>,
    source: Completable,
    outcome: number,
    signal: AbortSignal | undefined,
  ): Promise<ItemResult> {
    return await new Promise((resolve) => {
      this.#queue.push("other", () => {
        const answer = this.#begin(source, signal, resolve);
        if (answer !== undefined) this.#follow(work, source, outcome, answer);
      });
    });
  }

  /** @returns takes the answer, unless the signal or the link's end is first; undefined: already refused */
  #begin(source: Completable, signal: AbortSignal | undefined, done: Done): Done | undefined {
    if (signal?.aborted === true) {
      done({ ok: false, error: notStarted(signal) });
      return undefined;
    }
    if (this.#endedBy !== undefined) {
      done({ ok: false, error: linkGone(this.#endedBy) });
      return undefined;
    }
    const waiting: Waiting = { source, done, hasAnswer: false, previous: undefined, next: undefined };
    this.#waiting.add(waiting);
    const leave = this.#connection.bound(signal, (error) => this.#answer(waiting, { ok: false, error }));
    return (result) => {
      if (leave()) this.#answer(waiting, result);
    };
  }

  #follow(work: () => Promise<void>, source: Completable, outcome: number, answer: Done): void {
    this.#connection.scoped(work).then(
      () => answer(DONE),
      (error: unknown) => answer(isDone(source, outcome) ? DONE : { ok: false, error }),
    );
  }

  /** A settlement that was given up already has its answer. */
  #answer(waiting: Waiting, result: ItemResult): void {
    if (waiting.hasAnswer) return;
    waiting.hasAnswer = true;
    this.#waiting.delete(waiting);
    if (!result.ok) doubt(waiting.source);
    waiting.done(result);
  }
}

/** Marks a delivery of which a settlement failed: the service may have carried it out. */
const DOUBTED = Symbol("a settlement without a yes");

function doubt(source: Completable): void {
  const delivery = deliveryOf(source);
  if (typeof delivery === "object" && delivery !== null) Object.assign(delivery, { [DOUBTED]: true });
}

/**
 * True if the same settlement was given up before, and the service said yes when nobody waited any more. The
 * SDK refuses to repeat it (7.9.5).
 */
function isDone(source: Completable, outcome: number): boolean {
  const delivery = deliveryOf(source);
  if (typeof delivery !== "object" || delivery === null || !(DOUBTED in delivery)) return false;
  const sent = field(field(field(delivery, "state"), "descriptor"), "value");
  return field(delivery, "remote_settled") === true && sent === outcome && !hasRefusal(delivery);
}

/** True if the service has answered a settlement of the delivery with an error. */
function hasRefusal(delivery: unknown): boolean {
  const refusal = field(field(delivery, "remote_state"), "error");
  return Boolean(field(refusal, "condition") ?? field(refusal, "description"));
}

function deliveryOf(source: Completable): unknown {
  return source.lean?.delivery ?? field(source.message, "delivery");
}

function linkGone(cause: unknown): QueueError {
  const what = "the link was gone before the settlement went out";
  return new QueueError("CONNECTION_LOST", { what, provider: PROVIDER, cause });
}

function notStarted(signal: AbortSignal): QueueError {
  const what = "aborted before the settlement went out";
  return new QueueError("CANCELLED", { what, provider: PROVIDER, cause: signal.reason });
}
