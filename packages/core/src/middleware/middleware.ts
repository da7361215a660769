import type { HandlerContext, Message } from "../queue-consumer.ts";

/** A message on its way out, after encoding and before limits are checked. Attributes may be added. */
export interface OutgoingDraft {
  readonly id: string;
  readonly target: string;
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly attributes: Record<string, string>;
  readonly orderingKey?: string;
}

/** An onion around every send and every handler run; the first in the list is the outermost. */
export interface Middleware {
  readonly name: string;
  /** `next` resolves with the provider's confirmation. A changed draft is given to `next`, and checked like the first. */
  send?(draft: OutgoingDraft, next: (draft: OutgoingDraft) => Promise<unknown>): Promise<unknown>;
  /**
   * `next` runs the handler; not calling it counts as handled, throwing counts as the handler's throw. Where this returns
   * before the handler has ended, what becomes of the message is the handler's end.
   * `target` is the name of the queue or subscription that the message came from.
   */
  handle?(
    message: Message<unknown>,
    context: HandlerContext,
    next: () => Promise<unknown>,
    target: string,
  ): Promise<unknown>;
}
