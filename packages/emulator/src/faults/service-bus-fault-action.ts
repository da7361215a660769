/**
 * What a rule does to a call of the Service Bus front. Operations over AMQP are `attach`, `acceptSession`,
 * `putToken`, `send`, `receive` (one delivery), `complete`, `abandon`, `defer`, `deadLetter`, `release`, and
 * those of `$management`: `renewLock`, `renewSessionLock`, `peek`, `schedule`, `cancelScheduled`,
 * `receiveDeferred`, `getSessionState`, `setSessionState`, `getSessions`, `deleteMessages`, `addRule`,
 * `removeRule`, `listRules`.
 */
export type ServiceBusFaultAction =
  /** Refuses the call with an AMQP condition. A delivery cannot be refused, so its link is detached. */
  | { readonly kind: "error"; readonly condition: string; readonly description?: string | undefined }
  /** Refuses the call with `com.microsoft:server-busy` and the text of error 50009. */
  | { readonly kind: "throttle" }
  /** Refuses the call with `amqp:unauthorized-access`, or a `putToken` with status 401. */
  | { readonly kind: "unauthorized" }
  /** Resets the connection. `before`: nothing has happened. `after`: only the answer is lost. */
  | { readonly kind: "reset" }
  /** Leaves the connection open but stops answering on it. */
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
  /** Never answers. A delivery that is held is locked but never arrives. */
  | { readonly kind: "hold" }
  /** Waits for `ms` of engine time before the call is carried out or before it is answered. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Takes the call's session away from the client. */
  | { readonly kind: "sessionLost" }
  /** Expires the locks in the call just before it is carried out. */
  | { readonly kind: "expireLease" }
  /** Delivers the message of a `receive` a second time while the first lock is valid. */
  | { readonly kind: "duplicate" }
  /** Sends bytes that are not valid AMQP as the delivered message: the client drops its connection. */
  | { readonly kind: "corruptMessage" }
  /** Gives a sender that attaches no credit, so that it waits. */
  | { readonly kind: "noCredit" }
  /** Ignores drain requests of a receiver that attaches. */
  | { readonly kind: "ignoreDrain" }
  /** Reports lock expiry times this much later, or earlier if negative. */
  | { readonly kind: "clockSkew"; readonly skewMs: number };
