/** What went wrong. */
export type EmulatorErrorCode =
  | "INVALID_OPTION"
  | "INVALID_FAULT"
  | "CANNOT_LISTEN"
  | "NO_ADDRESS"
  | "CONTROL_FAILED"
  | "CHILD_FAILED";

/** A mistake in how the emulator is used. Mistakes of clients are answered in the client's own protocol. */
export class EmulatorError extends Error {
  /** `"EmulatorError"`. */
  override readonly name = "EmulatorError";
  /** Which mistake it is. */
  readonly code: EmulatorErrorCode;

  constructor(code: EmulatorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
