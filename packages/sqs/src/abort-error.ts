import { namedError } from "./named-error.ts";

/** Makes an AbortError shaped like the SDK's, for an abort during a wait before any request went out. */
export function abortError(signal: AbortSignal): Error {
  return Object.assign(namedError("AbortError", "aborted", signal.reason), { isUnsent: true });
}
