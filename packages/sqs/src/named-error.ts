/** Makes an error shaped like the SDK's own, which are recognized by their names. */
export function namedError(name: string, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { name });
}
