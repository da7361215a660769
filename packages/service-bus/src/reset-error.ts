/** Imitates a system error: the SDK passes on an unknown error as one without a meaning. */
export function resetError(what: string): Error {
  return Object.assign(new Error(what), { code: "ECONNRESET", errno: -104, syscall: "read" });
}
