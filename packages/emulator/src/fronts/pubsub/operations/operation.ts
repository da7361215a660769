import type { WireTime } from "../../../time/wire-time.ts";
import type { IamPolicies } from "../engine/iam-policies.ts";
import type { PubsubEngine } from "../engine/pubsub-engine.ts";

/** What an operation may use beside its request. */
export interface OperationContext {
  readonly engine: PubsubEngine;
  readonly policies: IamPolicies;
  readonly wireTime: WireTime;
  /** Aborted when the client has cancelled or its deadline is over. */
  readonly cancelled: AbortSignal;
  /** The failure that a fault gives to one ack id of the request, by its place. */
  readonly ackFault: (index: number) => string | undefined;
}

/** Carries out one unary call. */
export type Operation<Request> = (request: Request, context: OperationContext) => object | Promise<object>;
