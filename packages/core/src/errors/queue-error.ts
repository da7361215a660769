import type { Operation } from "../driver/driver.ts";
import type { SendResult } from "../queue-producer.ts";
import { ERROR_CODES, type ErrorCode } from "./error-codes.ts";

/** Recognises our errors across the ESM and the CommonJS copy of this package. */
const BRAND = Symbol.for("anyqueue.error");

/** Extra fields of errors with some codes; `isQueueError(error, code)` adds them to the type. */
export interface ErrorDetails {
  /** The missing feature (`"delay"`, `"seek"`, …), and what to do. */
  UNSUPPORTED: { readonly feature: string; readonly remedy: string };
  /** What a configuration lacks: `"connection"`. Absent for anything else that is wrong. */
  INVALID_ARGUMENT: { readonly feature?: "connection" };
  /** One result per input of `sendMany`, in their order. */
  PARTIAL_SEND: { readonly results: readonly SendResult[] };
  /**
   * Size of the message as the provider counts it, and the largest it accepts, both in bytes. Each is absent
   * if it is not known: some services refuse a message without saying their limit.
   */
  MESSAGE_TOO_LARGE: { readonly sizeBytes?: number; readonly limitBytes?: number };
}

type DetailsOf<C extends ErrorCode> = C extends keyof ErrorDetails ? ErrorDetails[C] : unknown;

/** The parts of a {@link QueueError}; `what`, `target` and `remedy` form its message. */
export interface QueueErrorInit {
  /** What failed: one sentence without a full stop, message bodies or secrets. */
  readonly what: string;
  /** What to do, one sentence. @default the remedy of the code */
  readonly remedy?: string | undefined;
  /** The same call may succeed later. @default as the code has it */
  readonly retryable?: boolean | undefined;
  /** The operation may have taken effect. @default false */
  readonly ambiguous?: boolean | undefined;
  /** How long the service asks to wait before the next try, in milliseconds. @default not told */
  readonly retryAfterMs?: number | undefined;
  /** What was being done. @default not told */
  readonly operation?: Operation | undefined;
  /** The adapter's name, such as `"sqs"`. @default none */
  readonly provider?: string | undefined;
  /** Name of the target, free of secrets. @default "" */
  readonly target?: string | undefined;
  /** The vendor's own code. @default none */
  readonly providerCode?: string | undefined;
  /** The service's id of the request, for its support team. @default none */
  readonly requestId?: string | undefined;
  /** The error that caused this one, as the vendor's SDK threw it. @default none */
  readonly cause?: unknown;
}

/**
 * The class of every error that anyqueue throws. Tell them apart by `code`, best with {@link isQueueError}.
 * The message says what failed, where, and what to do; the vendor's own error is the `cause`.
 */
export class QueueError extends Error {
  /** Which error it is; see {@link ERROR_CODES}. */
  readonly code: ErrorCode;
  /** True: the same call may succeed later. The engine has already retried it if that was safe. */
  readonly retryable: boolean;
  /** True: the answer was lost, so the operation may have taken effect. Repeating it may do it twice. */
  readonly ambiguous: boolean;
  /** The entity, such as `"sqs://eu-west-1/orders"`, without secrets; empty if the error is about none. */
  readonly target: string;
  /** What was being done; undefined outside calls to a provider. */
  readonly operation: Operation | undefined;
  /** The adapter's name, such as `"sqs"`; undefined if no provider was called. */
  readonly provider: string | undefined;
  /** The vendor's own code, such as `"OverLimit"`, for logs and dashboards. */
  readonly providerCode: string | undefined;
  /** The service's id of the request, for its support team. */
  readonly requestId: string | undefined;
  /** How long the service asks to wait before the next try, in milliseconds; undefined if it did not say. */
  readonly retryAfterMs: number | undefined;
  /** What to do: the last sentence of the message. */
  readonly remedy: string;

  constructor(code: ErrorCode, init: QueueErrorInit) {
    const remedy = init.remedy ?? ERROR_CODES[code].remedy;
    const where = init.target === undefined ? "" : ` (${init.target})`;
    super(
      `${code}: ${init.what}${where}. ${remedy}`,
      init.cause === undefined ? undefined : { cause: init.cause },
    );
    this.name = "QueueError";
    this.code = code;
    this.retryable = init.retryable ?? ERROR_CODES[code].retryable;
    this.ambiguous = init.ambiguous ?? false;
    this.target = init.target ?? "";
    this.operation = init.operation;
    this.provider = init.provider;
    this.providerCode = init.providerCode;
    this.requestId = init.requestId;
    this.retryAfterMs = init.retryAfterMs;
    this.remedy = remedy;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** Makes an error with the details of its code, such as `feature` of UNSUPPORTED. */
export function queueError<C extends keyof ErrorDetails>(
  code: C,
  init: QueueErrorInit,
  details: ErrorDetails[C],
): QueueError & { readonly code: C } & ErrorDetails[C];
/** Makes an error without details. */
export function queueError(code: ErrorCode, init: QueueErrorInit): QueueError;
export function queueError(code: ErrorCode, init: QueueErrorInit, details?: object): QueueError {
  return Object.assign(new QueueError(code, init), details);
}

/** Makes an UNSUPPORTED error. `feature` names what is missing; `init` says where, and what to do. */
export function unsupported(feature: string, init: QueueErrorInit): QueueError {
  return Object.assign(new QueueError("UNSUPPORTED", init), { feature });
}

/** True for an error of anyqueue, whichever copy of the package made it. */
export function isQueueError(error: unknown): error is QueueError;
/**
 * True for an error of anyqueue with this code. Its type then includes the details of the code.
 *
 * @example
 * if (isQueueError(error, "UNSUPPORTED")) console.log(`${error.provider} has no ${error.feature}`);
 */
export function isQueueError<C extends ErrorCode>(
  error: unknown,
  code: C,
): error is QueueError & { readonly code: C } & DetailsOf<C>;
export function isQueueError(error: unknown, code?: ErrorCode): boolean {
  return isBranded(error, BRAND) && (code === undefined || ("code" in error && error.code === code));
}

/** True for an object with the mark of a class, whichever copy of the package has the class. */
export function isBranded(error: unknown, brand: symbol): error is object {
  return typeof error === "object" && error !== null && brand in error;
}
