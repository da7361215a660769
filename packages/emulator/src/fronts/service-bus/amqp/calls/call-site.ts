import type { AmqpConnection } from "../transport/amqp-connection.ts";
import type { AmqpError } from "../transport/performatives.ts";

/** Where a call came in, for faults that affect more than the call. */
export interface CallSite {
  readonly connection: AmqpConnection;
  /** Name of the link. */
  readonly link: string;
  detach(error: AmqpError): void;
}

/** The subject of a call. */
export interface CallSubject {
  readonly operation: string;
  /** Path of the entity. */
  readonly path: string | undefined;
  readonly site: CallSite;
  /** Number of messages or locks in it. @default 1 */
  readonly entries?: number | undefined;
  /** The text that a rule's `bodyContains` searches. */
  readonly body?: (() => string) | undefined;
}
