import type { Namespace } from "../../engine/contract.ts";
import type { WireTime } from "../../../../time/wire-time.ts";
import type { ServiceBusCall } from "../calls/service-bus-call.ts";
import type { AmqpEntry } from "../transport/amqp-value.ts";
import type { RequestBody } from "./request-body.ts";

/** What an operation of `$management` may use. */
export interface ManagementContext {
  readonly namespace: Namespace;
  readonly wireTime: WireTime;
  /** Path of the entity whose `$management` was called. */
  readonly path: string;
  readonly body: RequestBody;
  readonly call: ServiceBusCall;
}

/** Entries of the answer's body. */
export type ManagementResult =
  /** No result and no body: status 204. */
  "none" | readonly AmqpEntry[];

export interface ManagementOperation {
  /** Name for faults and the log. */
  readonly name: (body: RequestBody) => string;
  /** Throws `EngineError`. */
  readonly run: (context: ManagementContext) => ManagementResult;
}
