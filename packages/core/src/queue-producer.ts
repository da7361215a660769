import type { Feature } from "./driver/capabilities.ts";
import type { QueueError } from "./errors/queue-error.ts";
import type { Duration } from "./time/duration.ts";

type Declare<F extends Feature> = Duration & { readonly "declare it in `needs` of the definition": F };

/** Options of one message. */
export interface SendOptions<Uses extends Feature = never> {
  /** Application id, 1 to 128 characters. @default the definition's `id`, else a random UUID */
  readonly id?: string | undefined;
  /** String to string. Names that begin with `aq-` are reserved. Number and sizes are the provider's. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /** Of the conversation that the message belongs to; carried untouched. */
  readonly correlationId?: string | undefined;
  /** Where an answer is expected; carried untouched. */
  readonly replyTo?: string | undefined;
  /** Aborts the wait. A message that is already on its way rejects `CANCELLED` with `ambiguous`. */
  readonly signal?: AbortSignal | undefined;
  /** Not before: a delay, or a moment. Zero and the past mean now. The longest is the provider's; more is UNSUPPORTED. */
  readonly delay?: (Uses extends "delay" ? Duration | Date : never) | Declare<"delay"> | undefined;
  /** After this time the message is not delivered any more. */
  readonly ttl?: (Uses extends "ttl" ? Duration : never) | Declare<"ttl"> | undefined;
}

/** A message that the provider confirmed. */
export interface Sent {
  /** Application id. */
  readonly id: string;
  /** The provider's id. */
  readonly providerId: string;
}

/** One input of `sendMany`: confirmed, or why not. */
export type SendResult =
  | { readonly ok: true; readonly value: Sent }
  | { readonly ok: false; readonly error: QueueError };

/** Sends messages to one queue or topic. Made by `client.producer(definition)`; closed by the client. */
export interface QueueProducer<Body, Uses extends Feature = never> {
  /**
   * Resolves when the provider confirmed the message.
   * @throws INVALID_MESSAGE, MESSAGE_TOO_LARGE, INVALID_ARGUMENT before any I/O; TIMEOUT after 15 s in all; `ambiguous` says whether it may have arrived.
   */
  send(body: Body, options?: SendOptions<Uses>): Promise<Sent>;
  /** Resolves if all are confirmed. @throws PARTIAL_SEND with one result per input in `results`, in their order */
  sendMany(items: Iterable<{ readonly body: Body } & SendOptions<Uses>>): Promise<readonly Sent[]>;
  /** Resolves when everything accepted so far is confirmed or failed. */
  flush(): Promise<void>;
  /** Lets an ordering key flow again that a failed send latched. */
  resume(orderingKey: string): void;
}
