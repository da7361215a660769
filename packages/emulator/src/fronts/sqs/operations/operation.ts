import type { WireTime } from "../../../time/wire-time.ts";
import type { SqsEngine } from "../engine/sqs-engine.ts";
import type { OperationInput } from "../protocol/operation-input.ts";

/** The failure that a fault rule injects into a batch entry instead of carrying it out. */
export interface EntryFault {
  readonly code: string;
  readonly message: string;
  readonly isSenderFault: boolean;
}

/** Everything an operation may use besides its input. */
export interface CallContext {
  readonly engine: SqsEngine;
  readonly wireTime: WireTime;
  readonly region: string;
  readonly accountId: string;
  readonly senderId: string;
  /** False for a request without a signature, whose region is only a guess. */
  readonly isSigned: boolean;
  /** Scheme, host and port with which the caller reached the emulator. */
  readonly baseUrl: string;
  /** The X-Amzn-Trace-Id header, which becomes a system attribute of the messages sent. */
  readonly traceHeader: string | undefined;
  /** Aborted when the caller's connection closes. */
  readonly disconnected: AbortSignal;
  faultOfEntry(index: number): EntryFault | undefined;
}

export type OutputValue =
  | string
  | number
  | boolean
  | undefined
  | readonly OutputValue[]
  | { readonly [member: string]: OutputValue };

/** Members of a response in the shape of the JSON protocol; undefined for operations without output. */
export type OperationOutput = { readonly [member: string]: OutputValue } | undefined;

export type Operation = (
  input: OperationInput,
  context: CallContext,
) => OperationOutput | Promise<OperationOutput>;
