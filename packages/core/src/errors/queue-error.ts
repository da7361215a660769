import type { Operation } from "../driver/driver.ts";
import type { SendResult } from "../queue-producer.ts";
import { ERROR_CODES, type ErrorCode } from "./error-codes.ts";

/** Recognises our errors across the ESM and the CommonJS copy of this package. */
const BRAND = Symbol.for("anyqueue.error");

/** What some codes carry besides the common fields. */
export interface ErrorDetails {
  UNSUPPORTED: { readonly feature: string; readonly remedy: string };
  PARTIAL_SEND: { readonly results: readonly SendResult[] };
  MESSAGE_TOO_LARGE: { readonly sizeBytes: number; readonly limitBytes: number };
}

type DetailsOf<C extends ErrorCode> = C extends keyof ErrorDetails ? ErrorDetails[C] : unknown;

/** Where and why an operation failed; `what` and `remedy` become the message. */
export interface QueueErrorInit {
  /** What failed, one sentence without message bodies or secrets. */
  readonly what: string;
  /** What to do; default: the remedy of the code. */
  readonly remedy?: string | undefined;
  readonly retryable?: boolean | undefined;
  readonly ambiguous?: boolean | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly operation?: Operation | undefined;
  /** Provider name: `"sqs"`. */
  readonly provider?: string | undefined;
  /** Target name, free of secrets. */
  readonly target?: string | undefined;
  readonly providerCode?: string | undefined;
  readonly requestId?: string | undefined;
  readonly cause?: unknown;
}

/** Every error that anyqueue throws. Match on `code`, or with {@link isQueueError}. */
export class QueueError extends Error {
  readonly code: ErrorCode;
  /** True: the same call may succeed later. */
  readonly retryable: boolean;
  /** True: the operation may have taken effect. */
  readonly ambiguous: boolean;
  readonly target: string;
  readonly operation: Operation | undefined;
  readonly provider: string | undefined;
  /** The vendor's own code. */
  readonly providerCode: string | undefined;
  readonly requestId: string | undefined;
  /** The service's hint, in milliseconds. */
  readonly retryAfterMs: number | undefined;
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

/** Makes an error with the details of its code. */
export function queueError<C extends keyof ErrorDetails>(
  code: C,
  init: QueueErrorInit,
  details: ErrorDetails[C],
): QueueError & { readonly code: C } & ErrorDetails[C];
export function queueError(code: ErrorCode, init: QueueErrorInit): QueueError;
export function queueError(code: ErrorCode, init: QueueErrorInit, details?: object): QueueError {
  return Object.assign(new QueueError(code, init), details);
}

/** True for an error of anyqueue, whichever copy of the package made it; with `code`, for that code and its details. */
export function isQueueError(error: unknown): error is QueueError;
export function isQueueError<C extends ErrorCode>(
  error: unknown,
  code: C,
): error is QueueError & { readonly code: C } & DetailsOf<C>;
export function isQueueError(error: unknown, code?: ErrorCode): boolean {
  if (typeof error !== "object" || error === null || !(BRAND in error)) return false;
  return code === undefined || ("code" in error && error.code === code);
}
