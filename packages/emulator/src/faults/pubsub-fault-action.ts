import type { GrpcCode } from "../fronts/pubsub/pubsub-error.ts";

/**
 * What a rule does to a call of the Pub/Sub front.
 *
 * A stream is several calls in the eyes of a rule: `StreamingPull` when it is opened,
 * `StreamingPull.request` for every later request on it, keepalives too, and
 * `StreamingPull.response` for every response that carries messages.
 */
export type PubsubFaultAction =
  /** Ends the call with a status, a stream as well. */
  | { readonly kind: "error"; readonly code: GrpcCode; readonly message?: string | undefined }
  /** Ends a stream with a status; OK, which the service never does, tells a client to stay away. */
  | { readonly kind: "endStream"; readonly code: GrpcCode | "OK"; readonly message?: string | undefined }
  /** Closes the call's connection in good order: calls on it have `graceMs` (real time, default 1,000) to end. */
  | { readonly kind: "goaway"; readonly graceMs?: number | undefined }
  /** Resets the connection: before, nothing has happened; after, only the answer is lost. */
  | { readonly kind: "reset" }
  /** Never answers this call. It ends when the client gives up; a stream delivers nothing more. */
  | { readonly kind: "hold" }
  /** Nothing on this connection is answered any more, though it stays open. */
  | { readonly kind: "halfOpen" }
  /** Waits, in engine time, before the call is carried out or before it is answered. */
  | { readonly kind: "delay"; readonly ms: number }
  /** One message per response, `everyMs` apart (default 50, engine time). On a stream, from here on. */
  | { readonly kind: "slow"; readonly everyMs?: number | undefined }
  /**
   * Reports ack ids of an Acknowledge or ModifyAckDeadline as failed, by index from 0; all of them
   * when `entries` is left out. With `when: "after"` they are carried out all the same.
   */
  | {
      readonly kind: "partialAck";
      readonly entries?: readonly number[] | undefined;
      /** Value in the error's map. @default "PERMANENT_FAILURE_INVALID_ACK_ID" */
      readonly code?: string | undefined;
    }
  /** Messages of the response come once more before their deadline. Not under exactly-once delivery. */
  | { readonly kind: "duplicate" }
  /** Messages of the response come in a seeded order. Not on ordered subscriptions. */
  | { readonly kind: "shuffle" }
  /** The ack ids of the request run out just before it is carried out. */
  | { readonly kind: "expireLease" }
  /** The stream answers no keepalive from here on. */
  | { readonly kind: "noKeepalive" }
  /** The stream is open and alive, and gets no message from here on. */
  | { readonly kind: "starve" }
  /** The stream is sent everything there is, whatever its flow control says. Only when it is opened. */
  | { readonly kind: "overflow" }
  /** Publish times in the response are off by `skewMs`. */
  | { readonly kind: "clockSkew"; readonly skewMs: number };
