import type { WireTime } from "../../../time/wire-time.ts";
import type { IamPolicies } from "../engine/iam-policies.ts";
import type { PubsubEngine } from "../engine/pubsub-engine.ts";

/** What an operation may use besides its request. */
export interface OperationContext {
  readonly engine: PubsubEngine;
  readonly policies: IamPolicies;
  readonly wireTime: WireTime;
  /** Aborted when the client cancels or its deadline ends. */
  readonly cancelled: AbortSignal;
  /** Failure that a fault injects for an ack id, by its index in the request. */
  readonly ackFault: (index: number) => string | undefined;
}

/** Carries out one unary call. */
export type Operation<Request> = (request: Request, context: OperationContext) => object | Promise<object>;
