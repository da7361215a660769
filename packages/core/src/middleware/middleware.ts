import type { HandlerContext, Message } from "../queue-consumer.ts";

/** A message on its way out, after encoding and before its limits are checked. Its attributes may be added to in place. */
export interface OutgoingDraft {
  /** The application's id, 1 to 128 characters. */
  readonly id: string;
  /** Name of the queue or topic that it goes to: `"sqs://eu-west-1/orders"`. */
  readonly target: string;
  /** The encoded body. */
  readonly body: Uint8Array;
  /** The content type for the wire, such as `"application/json"`. */
  readonly contentType: string;
  /** The application's attributes, a copy of those that were given to `send`. */
  readonly attributes: Record<string, string>;
  /** The message's ordering key; absent without ordering. */
  readonly orderingKey?: string;
}

/**
 * Code around every send and every handler run of a client, such as tracing, encryption or a check. The first in the list
 * is the outermost. `next` may be called once.
 *
 * @example
 * const tenants: Middleware = {
 *   name: "tenants",
 *   send: async (draft, next) => await next({ ...draft, attributes: { ...draft.attributes, tenant: currentTenant() } }),
 *   handle: async (message, _context, next) => await withTenant(message.attributes["tenant"], next),
 * };
 */
export interface Middleware {
  /** For errors and notices. */
  readonly name: string;
  /**
   * Around a send: `next` takes the draft, changed or not, and resolves with the provider's confirmation. What is changed
   * is checked like what was given. Throwing refuses the message; so does returning without having called `next`.
   */
  send?(draft: OutgoingDraft, next: (draft: OutgoingDraft) => Promise<unknown>): Promise<unknown>;
  /**
   * Around a run of a handler: `next` runs it, and rejects with what it throws. Returning acks the message, even if
   * `next` was not called; throwing counts as if the handler had thrown. If this returns while the handler still runs,
   * the handler's end decides. `target` is the name of the queue or subscription that the message came from.
   */
  handle?(
    message: Message<unknown>,
    context: HandlerContext,
    next: () => Promise<unknown>,
    target: string,
  ): Promise<unknown>;
}
