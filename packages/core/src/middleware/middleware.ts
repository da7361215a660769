import type { HandlerContext, Message } from "../queue-consumer.ts";

/** An outgoing message, encoded, with its limits not yet checked. Attributes may be added in place. */
export interface OutgoingDraft {
  /** The application's id, 1 to 128 characters. */
  readonly id: string;
  /** Name of the queue or topic that it is sent to: `"sqs://eu-west-1/orders"`. */
  readonly target: string;
  /** The encoded body. */
  readonly body: Uint8Array;
  /** The content type for the wire, such as `"application/json"`. */
  readonly contentType: string;
  /** The application's attributes, copied from those given to `send`. */
  readonly attributes: Record<string, string>;
  /** The message's ordering key; absent without ordering. */
  readonly orderingKey?: string;
}

/**
 * Code that runs around every send and every handler run of a client, such as tracing, encryption or a check.
 * The first in the list is the outermost. `next` may be called once.
 *
 * @example
 * const tenants: Middleware = {
 *   name: "tenants",
 *   send: async (draft, next) => await next({ ...draft, attributes: { ...draft.attributes, tenant: currentTenant() } }),
 *   handle: async (message, _context, next) => await withTenant(message.attributes["tenant"], next),
 * };
 */
export interface Middleware {
  /** The name in errors and notices. */
  readonly name: string;
  /**
   * Runs around a send. `next` takes the draft, changed or not, and resolves with the provider's
   * confirmation. Changes are checked like the original. Throwing refuses the message, and so does returning
   * without calling `next`.
   */
  send?(draft: OutgoingDraft, next: (draft: OutgoingDraft) => Promise<unknown>): Promise<unknown>;
  /**
   * Runs around a handler. `next` runs it, and rejects with what it throws; after the run's time, its lease or a
   * close it runs nothing, and rejects with the reason of the signal. Returning acks the message, even if `next`
   * was not called; throwing counts as if the handler had thrown. If this returns without having awaited `next()`,
   * or while the handler still runs, the handler's result decides. If it throws while the handler still runs, the
   * handler's signal aborts with `TIMEOUT`, and the run fails when the handler has ended. `target` is the name of
   * the queue or subscription that the message came from.
   */
  handle?(
    message: Message<unknown>,
    context: HandlerContext,
    next: () => Promise<unknown>,
    target: string,
  ): Promise<unknown>;
}
