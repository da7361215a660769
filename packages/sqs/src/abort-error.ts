/** In the shape of the SDK's own. */
export function abortError(signal: AbortSignal): Error {
  return Object.assign(new Error("aborted", { cause: signal.reason }), { name: "AbortError" });
}
