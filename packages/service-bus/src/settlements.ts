import {
  LinkedList,
  QueueError,
  type DeadLetterItem,
  type ItemResult,
  type Linked,
} from "@anyqueue/core/adapter";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
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
  readonly lean?: Pick<LeanMessage, "accept"> | undefined;
}

export const DONE: ItemResult = Object.freeze({ ok: true, value: undefined });

/** A settlement that waits for its answer. */
interface Waiting extends Linked<Waiting> {
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
      const answer = this.#begin(signal, done);
      if (answer === undefined || source.lean?.accept(answer) === true) return;
      this.#follow(() => this.#receiver.completeMessage(this.#known(source.message)), answer);
    });
  }

  async abandon(
    message: ServiceBusReceivedMessage,
    note: Readonly<Record<string, string>> | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ItemResult> {
    const properties = note === undefined ? undefined : { ...note };
    return await this.#settle(() => this.#receiver.abandonMessage(this.#known(message), properties), signal);
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
    return await this.#settle(() => this.#receiver.deadLetterMessage(this.#known(message), options), signal);
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
   * the SDK does not settle a message that names one (7.9.5).
   */
  #known(message: ServiceBusReceivedMessage): ServiceBusReceivedMessage {
    if (this.#isOfSession || message.sessionId === undefined) return message;
    return Object.create(message, { sessionId: { value: undefined } }) as ServiceBusReceivedMessage;
  }

  /** Goes alone in its turn, whatever the outcome. */
  async #settle(work: () => Promise<void>, signal: AbortSignal | undefined): Promise<ItemResult> {
    return await new Promise((resolve) => {
      this.#queue.push("other", () => {
        const answer = this.#begin(signal, resolve);
        if (answer !== undefined) this.#follow(work, answer);
      });
    });
  }

  /** @returns takes the answer, unless the signal or the link's end is first; undefined: already refused */
  #begin(signal: AbortSignal | undefined, done: Done): Done | undefined {
    if (signal?.aborted === true) {
      done({ ok: false, error: notStarted(signal) });
      return undefined;
    }
    if (this.#endedBy !== undefined) {
      done({ ok: false, error: linkGone(this.#endedBy) });
      return undefined;
    }
    const waiting: Waiting = { done, hasAnswer: false, previous: undefined, next: undefined };
    this.#waiting.add(waiting);
    const leave = this.#connection.bound(signal, (error) => this.#answer(waiting, { ok: false, error }));
    return (result) => {
      if (leave()) this.#answer(waiting, result);
    };
  }

  #follow(work: () => Promise<void>, answer: Done): void {
    this.#connection.scoped(work).then(
      () => answer(DONE),
      (error: unknown) => answer({ ok: false, error }),
    );
  }

  /** A settlement that was given up already has its answer. */
  #answer(waiting: Waiting, result: ItemResult): void {
    if (waiting.hasAnswer) return;
    waiting.hasAnswer = true;
    this.#waiting.delete(waiting);
    waiting.done(result);
  }
}

function linkGone(cause: unknown): QueueError {
  const what = "the link was gone before the settlement went out";
  return new QueueError("CONNECTION_LOST", { what, provider: PROVIDER, cause });
}

function notStarted(signal: AbortSignal): QueueError {
  const what = "aborted before the settlement went out";
  return new QueueError("CANCELLED", { what, provider: PROVIDER, cause: signal.reason });
}
