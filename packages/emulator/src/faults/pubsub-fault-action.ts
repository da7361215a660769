import type { GrpcCode } from "../fronts/pubsub/pubsub-error.ts";

/**
 * What a rule does to a call of the Pub/Sub front.
 *
 * Rules see a stream as several calls: `StreamingPull` when it is opened, `StreamingPull.request` for every
 * later request on it, including keepalives, and `StreamingPull.response` for every response that carries
 * messages.
 */
export type PubsubFaultAction =
  /** Ends the call or stream with a status. */
  | { readonly kind: "error"; readonly code: GrpcCode; readonly message?: string | undefined }
  /** Ends a stream with a status. OK, which the real service never sends, tells a client not to come back. */
  | { readonly kind: "endStream"; readonly code: GrpcCode | "OK"; readonly message?: string | undefined }
  /** Closes the connection gracefully: calls on it have `graceMs` (real time, default 1,000) to end. */
  | { readonly kind: "goaway"; readonly graceMs?: number | undefined }
  /** Resets the connection. `before`: nothing has happened. `after`: only the answer is lost. */
  | { readonly kind: "reset" }
  /** Never answers this call, which ends when the client gives up. A stream delivers nothing more. */
  | { readonly kind: "hold" }
  /** Stops answering anything on this connection, which stays open. */
  | { readonly kind: "halfOpen" }
  /** Waits for `ms` of engine time before the call is carried out or before it is answered. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Sends one message per response, `everyMs` apart (default 50, engine time). On a stream, from now on. */
  | { readonly kind: "slow"; readonly everyMs?: number | undefined }
  /**
   * Reports ack ids of an Acknowledge or ModifyAckDeadline as failed, by index from 0; all of them when
   * `entries` is left out. With `when: "after"` they are carried out all the same.
   */
  | {
      readonly kind: "partialAck";
      readonly entries?: readonly number[] | undefined;
      /** Value in the error's map. @default "PERMANENT_FAILURE_INVALID_ACK_ID" */
      readonly code?: string | undefined;
    }
  /** Delivers the messages of the response again before their deadline. Not under exactly-once delivery. */
  | { readonly kind: "duplicate" }
  /** Delivers the messages of the response in a seeded order. Not on ordered subscriptions. */
  | { readonly kind: "shuffle" }
  /** Expires the ack ids in the request just before it is carried out. */
  | { readonly kind: "expireLease" }
  /** Makes the stream answer no keepalives from now on. */
  | { readonly kind: "noKeepalive" }
  /** Sends no more messages on the stream, which stays open and alive. */
  | { readonly kind: "starve" }
  /** Sends the stream everything there is, ignoring its flow control. Only when the stream is opened. */
  | { readonly kind: "overflow" }
  /** Shifts publish times in the response by `skewMs`. */
  | { readonly kind: "clockSkew"; readonly skewMs: number };
