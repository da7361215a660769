import type { AmqpConnection } from "../transport/amqp-connection.ts";
import type { AmqpError } from "../transport/performatives.ts";

/** Where a call came in, for faults that hit more than the call. */
export interface CallSite {
  readonly connection: AmqpConnection;
  /** Name of the link. */
  readonly link: string;
  detach(error: AmqpError): void;
}

/** What a call is about. */
export interface CallSubject {
  readonly operation: string;
  /** Path of the entity. */
  readonly path: string | undefined;
  readonly site: CallSite;
  /** Messages or locks in it. @default 1 */
  readonly entries?: number | undefined;
  /** What `bodyContains` of a rule looks at. */
  readonly body?: (() => string) | undefined;
}
