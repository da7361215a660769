/** What a rule does to a call of the SQS front. */
export type SqsFaultAction =
  /** Answers with an error. `code` is a shape name or query code of the service, or any other name. */
  | {
      readonly kind: "error";
      readonly code: string;
      /** Status of the answer. @default the one that the service has for this code */
      readonly status?: number | undefined;
      /** @default a sentence that says that it was injected */
      readonly message?: string | undefined;
      /** True: the service takes the blame. @default as the service has it for this code */
      readonly isReceiverFault?: boolean | undefined;
    }
  /** Answers `RequestThrottled` (403) or `ThrottlingException` (400). */
  | {
      readonly kind: "throttle";
      readonly code?: "RequestThrottled" | "ThrottlingException" | undefined;
      /** Value of a `retry-after` header. @default none */
      readonly retryAfterSeconds?: number | undefined;
    }
  /** Answers with status 5xx, in the protocol's own format or as a load balancer's HTML page. */
  | {
      readonly kind: "serverError";
      /** @default 500 */
      readonly status?: 500 | 502 | 503 | 504 | undefined;
      /** True: a load balancer answers. @default false */
      readonly html?: boolean | undefined;
    }
  /** Answers that the credentials may not do this. */
  | { readonly kind: "accessDenied" }
  /** Answers that the session token has expired. */
  | { readonly kind: "expiredToken" }
  /** Answers that the request's date is too far off, with a `date` header shifted by `skewMs`. */
  | { readonly kind: "clockSkew"; readonly skewMs: number; readonly code?: string | undefined }
  /**
   * Reports entries of a batch as failed, by index from 0; all of them when `entries` is left out.
   * With `when: "after"` they are carried out all the same.
   */
  | {
      readonly kind: "partialBatch";
      readonly entries?: readonly number[] | undefined;
      /** @default "InternalError" */
      readonly code?: string | undefined;
      readonly message?: string | undefined;
      /** True: the entry itself is to blame. @default false */
      readonly isSenderFault?: boolean | undefined;
    }
  /** Resets the connection. `before`: nothing has happened. `after`: only the answer is lost. */
  | { readonly kind: "reset" }
  /** Never answers. The call ends when the client disconnects. */
  | { readonly kind: "hold" }
  /** Waits for `ms` of engine time before the call is carried out or before it is answered. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Sends the answer in parts of `bytesPerPart` (default 16), `everyMs` apart (default 50, engine time). */
  | {
      readonly kind: "trickle";
      readonly bytesPerPart?: number | undefined;
      readonly everyMs?: number | undefined;
    }
  /** Makes the messages of the answer visible again at once, so the next receive gets a second copy. */
  | { readonly kind: "duplicate" }
  /** Delivers the messages of the answer in a seeded order. Not on FIFO queues, whose order is guaranteed. */
  | { readonly kind: "shuffle" }
  /** Sends wrong body digests for the messages or entries with these indexes, or for all. */
  | { readonly kind: "corruptMd5"; readonly entries?: readonly number[] | undefined }
  /** Expires the receipt handles in the request just before it is carried out. */
  | { readonly kind: "expireLease" };
