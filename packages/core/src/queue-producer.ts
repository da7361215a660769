import type { Feature } from "./driver/capabilities.ts";
import type { QueueError } from "./errors/queue-error.ts";
import type { Duration } from "./time/duration.ts";

type Declare<F extends Feature> = Duration & { readonly "declare it in `needs` of the definition": F };

/** Options of one message. `undefined` is the same as leaving an option out. */
export interface SendOptions<Uses extends Feature = never> {
  /**
   * The application's id of the message, 1 to 128 characters: the receiver has it as `message.id`. Where the definition
   * needs deduplication it is the deduplication id too: another send with the same one stores nothing while the service
   * remembers it.
   * @default the definition's `id` of the body, else a random UUID
   */
  readonly id?: string | undefined;
  /**
   * Metadata beside the body, string to string. Names must not be empty, nor begin with `aq-`, which is reserved. How
   * many, how long and of which characters they may be is the provider's: what it cannot carry is refused with
   * INVALID_ARGUMENT.
   * @default none
   */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /** Id of the conversation that the message belongs to; carried untouched. @default none */
  readonly correlationId?: string | undefined;
  /** Where the sender expects an answer, such as the name of a queue; carried untouched. @default none */
  readonly replyTo?: string | undefined;
  /**
   * Gives the send up: it rejects with CANCELLED. One that was already on its way may have arrived, and says so with
   * `ambiguous: true`; with an ordering key it latches its key, see `QueueProducer.resume`. @default none
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Delivers the message after this time (`"10m"`), or not before this moment (a `Date`). Zero and the past mean now. The
   * definition must have `"delay"` in `needs` or `emulate`. Longer than the provider can is emulated if `emulate` allows
   * it, else UNSUPPORTED.
   * @default at once
   */
  readonly delay?: (Uses extends "delay" ? Duration | Date : never) | Declare<"delay"> | undefined;
  /**
   * How long the message is worth delivering, more than 0, counted from the send or from the end of its `delay`: after
   * that it is dropped. The definition must have `"ttl"` in `needs` or `emulate`. @default as long as the entity keeps
   * messages
   */
  readonly ttl?: (Uses extends "ttl" ? Duration : never) | Declare<"ttl"> | undefined;
}

/** The confirmation of one message: the provider has stored it. */
export interface Sent {
  /** The application's id: the one given, the definition's, or the random one. */
  readonly id: string;
  /** The provider's id of the stored message; the application's id where the provider gives none. */
  readonly providerId: string;
}

/** What became of one input of `sendMany`: confirmed, or why not. */
export type SendResult =
  | { readonly ok: true; readonly value: Sent }
  | { readonly ok: false; readonly error: QueueError };

/**
 * Sends messages to one queue or topic. Made by `client.producer(definition)`, closed by the client. Sends that are
 * called while others are on their way travel together in one request: call `send` as often as you like, nothing waits
 * for a timer.
 */
export interface QueueProducer<Body, Uses extends Feature = never> {
  /**
   * Resolves when the provider confirmed the message; a send that is not awaited is not known to have arrived. What fails
   * in passing is tried again by itself, in 15 s in all (`send.timeout` of the client). Waits where `maxBufferedBytes`
   * are on their way.
   *
   * @example
   * const { id } = await client.producer(orders).send({ orderId: "o-1" }, { attributes: { tenant: "acme" } });
   *
   * @throws INVALID_MESSAGE for a body that does not fit its schema or codec, MESSAGE_TOO_LARGE, INVALID_ARGUMENT or
   * UNSUPPORTED for an option: all of them before any I/O. TIMEOUT, CANCELLED, CLOSED and whatever the service answers
   * later: with `ambiguous: true` the message may have arrived all the same, and sending it again may duplicate it
   */
  send(body: Body, options?: SendOptions<Uses>): Promise<Sent>;
  /**
   * Sends several messages, each with its own options; resolves if all are confirmed, in the order of the inputs. Takes
   * inputs only as there is room for them: a generator of any length fits into memory.
   *
   * @example
   * await client.producer(orders).sendMany([{ body: { orderId: "o-1" } }, { body: { orderId: "o-2" }, id: "second" }]);
   *
   * @throws PARTIAL_SEND if any is not confirmed, with one {@link SendResult} per input read, in their order, in
   * `results`; INVALID_ARGUMENT for no iterable, CLOSED
   */
  sendMany(items: Iterable<{ readonly body: Body } & SendOptions<Uses>>): Promise<readonly Sent[]>;
  /** Resolves when every send so far is confirmed or has failed; its own promise says which. Never rejects. */
  flush(): Promise<void>;
  /**
   * Lets an ordering key flow again. A send that was tried and failed latches its key, so that nothing overtakes it:
   * further sends of the key reject with its error until this is called, and those that were called before it stay
   * refused. Other keys go on.
   */
  resume(orderingKey: string): void;
}
