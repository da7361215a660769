/** Why a function could not be run; the text contains a remedy for each. */
export type InvokeErrorCode =
  | "NO_SUCH_FILE"
  | "NO_SUCH_EXPORT"
  | "NO_SUCH_FUNCTION"
  | "FUNCTION_DID_NOT_START"
  | "WRONG_PROVIDER"
  | "INVALID_MAPPING"
  | "NO_SUCH_QUEUE"
  | "QUEUE_UNREACHABLE"
  | "MISSING_PACKAGE"
  | "UNSUPPORTED";

/** The command line is well formed, but what it names cannot be run. The process ends with code 1. */
export class InvokeError extends Error {
  override readonly name = "InvokeError";
  readonly code: InvokeErrorCode;

  /** @param what what is wrong and where · @param remedy what to do about it */
  constructor(code: InvokeErrorCode, what: string, remedy: string, options?: ErrorOptions) {
    super(`${code}: ${what}. ${remedy}`, options);
    this.code = code;
  }
}
