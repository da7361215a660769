import { namedError } from "./named-error.ts";

/** In the shape of the SDK's own: aborted while something else was waited for, so that no request went out. */
export function abortError(signal: AbortSignal): Error {
  return Object.assign(namedError("AbortError", "aborted", signal.reason), { isUnsent: true });
}
