/** Numbers of gRPC's status codes. https://grpc.io/docs/guides/status-codes/ (2026-11-29) */
export const GRPC_CODES = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** Every status but OK. */
export type GrpcCode = keyof typeof GRPC_CODES;

/** The machine-readable part of an error, sent as `google.rpc.ErrorInfo`. */
export interface ErrorReason {
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** An error with which the service answers instead of a result. */
export class PubsubError extends Error {
  override readonly name = "PubsubError";
  readonly code: GrpcCode;
  readonly reason: ErrorReason | undefined;

  constructor(code: GrpcCode, message: string, reason?: ErrorReason) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

export function notFound(resource: string): PubsubError {
  return new PubsubError("NOT_FOUND", `Resource not found (resource=${shortName(resource)}).`);
}

export function alreadyExists(resource: string): PubsubError {
  return new PubsubError(
    "ALREADY_EXISTS",
    `Resource already exists in the project (resource=${shortName(resource)}).`,
  );
}

export function invalidArgument(message: string): PubsubError {
  return new PubsubError("INVALID_ARGUMENT", message);
}

export function failedPrecondition(message: string): PubsubError {
  return new PubsubError("FAILED_PRECONDITION", message);
}

/** Error for a size or number over its limit, in the service's words. */
export function tooLarge(what: string, got: number, most: number): PubsubError {
  return invalidArgument(
    `The value for ${what} is too large. You passed ${got} in the request, but the maximum value is ${most}.`,
  );
}

/** In its texts, the service names a resource by the last part of its name only. */
function shortName(resource: string): string {
  return resource.slice(resource.lastIndexOf("/") + 1);
}
