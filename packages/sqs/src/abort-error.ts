/** In the shape of the SDK's own: aborted while something else was waited for, so that no request went out. */
export function abortError(signal: AbortSignal): Error {
  const error = new Error("aborted", { cause: signal.reason });
  return Object.assign(error, { name: "AbortError", isUnsent: true });
}
