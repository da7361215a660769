/**
 * What a rule does to a call of the Service Bus front. Operations over AMQP are `attach`,
 * `acceptSession`, `putToken`, `send`, `receive` (one delivery), `complete`, `abandon`, `defer`,
 * `deadLetter`, `release`, and those of `$management`: `renewLock`, `renewSessionLock`, `peek`, `schedule`,
 * `cancelScheduled`, `receiveDeferred`, `getSessionState`, `setSessionState`, `getSessions`,
 * `deleteMessages`, `addRule`, `removeRule`, `listRules`.
 */
export type ServiceBusFaultAction =
  /** Refuses with an AMQP condition. A delivery cannot be refused: its link is detached. */
  | { readonly kind: "error"; readonly condition: string; readonly description?: string | undefined }
  /** Refuses with `com.microsoft:server-busy` and the text of error 50009. */
  | { readonly kind: "throttle" }
  /** Refuses with `amqp:unauthorized-access`; a token with status 401. */
  | { readonly kind: "unauthorized" }
  /** Resets the connection: before, nothing has happened; after, only the answer is lost. */
  | { readonly kind: "reset" }
  /** Leaves the connection open with nobody behind it any more. */
  | { readonly kind: "halfOpen" }
  /** Closes the connection, by default with `amqp:connection:forced`. */
  | {
      readonly kind: "closeConnection";
      readonly condition?: string | undefined;
      readonly description?: string | undefined;
    }
  /** Detaches the link, by default with `amqp:link:detach-forced` and the text of an idle link. */
  | {
      readonly kind: "detach";
      readonly condition?: string | undefined;
      readonly description?: string | undefined;
    }
  /** Never answers. A delivery that is held is locked and never arrives. */
  | { readonly kind: "hold" }
  /** Waits, in engine time, before the call is carried out or before it is answered. */
  | { readonly kind: "delay"; readonly ms: number }
  /** The session that the call is about is no longer the client's. */
  | { readonly kind: "sessionLost" }
  /** The locks that the call is about run out just before it is carried out. */
  | { readonly kind: "expireLease" }
  /** The message of a `receive` is delivered a second time while the first lock is valid. */
  | { readonly kind: "duplicate" }
  /** The bytes of a delivered message are no AMQP: the client drops its connection. */
  | { readonly kind: "corruptMessage" }
  /** A sender that attaches gets no credit and waits. */
  | { readonly kind: "noCredit" }
  /** A receiver that attaches is not answered when it wants its credit back. */
  | { readonly kind: "ignoreDrain" }
  /** Ends of locks are told this much later, or earlier when negative. */
  | { readonly kind: "clockSkew"; readonly skewMs: number };
