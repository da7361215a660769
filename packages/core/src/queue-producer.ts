import type { Feature } from "./driver/capabilities.ts";
import type { QueueError } from "./errors/queue-error.ts";
import type { Duration } from "./time/duration.ts";

type Declare<F extends Feature> = Duration & { readonly "declare it in `needs` of the definition": F };

/** Options of one message. `undefined` is the same as leaving an option out. */
export interface SendOptions<Uses extends Feature = never> {
  /**
   * The application's id of the message, 1 to 128 characters; the receiver sees it as `message.id`. If the
   * definition needs deduplication, it is the deduplication id too: another send with the same id stores
   * nothing while the service remembers it.
   * @default the definition's `id` of the body, else a random UUID
   */
  readonly id?: string | undefined;
  /**
   * Metadata beside the body: a plain object, string to string. Names must not be empty or begin with `aq-`, which is
   * reserved. The provider limits their number, length and characters; what it cannot carry is refused with
   * INVALID_ARGUMENT.
   * @default none
   */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /**
   * Id of the conversation that the message belongs to; passed on unchanged. At most as
   * long as the value of an attribute. @default none
   */
  readonly correlationId?: string | undefined;
  /**
   * Where the sender expects an answer, such as the name of a queue; passed on unchanged. At most
   * as long as the value of an attribute. @default none
   */
  readonly replyTo?: string | undefined;
  /**
   * Gives up the send, which rejects with CANCELLED. If the message was already on its way it may have
   * arrived: the error then has `ambiguous: true`, and an ordering key is latched, see
   * `QueueProducer.resume`. @default none
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Delivers the message after this time (`"10m"`), or not before this moment (a `Date`). Zero and the past
   * mean now. The definition must have `"delay"` in `needs` or `emulate`. A delay longer than the provider's
   * longest is emulated if `emulate` allows it, else refused with UNSUPPORTED.
   * @default at once
   */
  readonly delay?: (Uses extends "delay" ? Duration | Date : never) | Declare<"delay"> | undefined;
  /**
   * The message is dropped after this time, more than 0, counted from the send or from the end of its
   * `delay`. The definition must have `"ttl"` in `needs` or `emulate`.
   * @default as long as the entity keeps messages
   */
  readonly ttl?: (Uses extends "ttl" ? Duration : never) | Declare<"ttl"> | undefined;
}

/** The confirmation of one message: the provider has stored it. */
export interface Sent {
  /** The application's id: the one given, the one from the definition's `id`, or the random one. */
  readonly id: string;
  /** The provider's id of the stored message; the application's id if the provider gives none. */
  readonly providerId: string;
}

/** The result of one input of `sendMany`: the confirmation, or the error. */
export type SendResult =
  | { readonly ok: true; readonly value: Sent }
  | { readonly ok: false; readonly error: QueueError };

/**
 * Sends messages to one queue or topic. Made by `client.producer(definition)`, closed by the client. Calls of
 * `send` made while a request is on its way share the next request, so call it as often as you like: no timer
 * delays a send.
 */
export interface QueueProducer<Body, Uses extends Feature = never> {
  /**
   * Resolves when the provider has confirmed the message; only then is it known to have arrived. Transient
   * failures are retried, for 15 s in all (`send.timeout` of the client). Waits while `maxBufferedBytes` are
   * on their way.
   *
   * @example
   * const { id } = await client.producer(orders).send({ orderId: "o-1" }, { attributes: { tenant: "acme" } });
   *
   * @throws Before any I/O: INVALID_MESSAGE for a body that does not fit its schema or codec,
   * MESSAGE_TOO_LARGE, INVALID_ARGUMENT or UNSUPPORTED for an option. Later: TIMEOUT, CANCELLED, CLOSED and
   * errors of the service. With `ambiguous: true` the message may have arrived, and sending it again may
   * duplicate it
   */
  send(body: Body, options?: SendOptions<Uses>): Promise<Sent>;
  /**
   * Sends several messages, each with its own options. Resolves when all are confirmed, in the order of the
   * inputs. Reads an input only when there is room for it and it will go soon, so that a generator may have any
   * length (the time of a send begins when its input is read), and none once the producer closes. Await it
   * before you send more with its ordering keys: what is sent meanwhile goes before the inputs that are unread.
   *
   * @example
   * await client.producer(orders).sendMany([{ body: { orderId: "o-1" } }, { body: { orderId: "o-2" }, id: "second" }]);
   *
   * @throws PARTIAL_SEND if any is not confirmed; its `results` hold one {@link SendResult} per input read,
   * in their order. INVALID_ARGUMENT if `items` is not an iterable, CLOSED
   */
  sendMany(items: Iterable<{ readonly body: Body } & SendOptions<Uses>>): Promise<readonly Sent[]>;
  /** Resolves when every send so far is confirmed or failed; each send's promise tells. Never rejects. */
  flush(): Promise<void>;
  /**
   * Accepts sends of a latched key again. A send that was tried and failed latches its ordering key, so that
   * nothing overtakes it: further sends of the key reject with UNAVAILABLE, caused by its error, until `resume`
   * is called. Sends made before that call stay refused. Other keys are not affected. Nothing else ends a
   * latch, and each takes some 200 bytes: with keys that are used once, call it for each key that you give up.
   */
  resume(orderingKey: string): void;
}
