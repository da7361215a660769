/** Prefix of the query codes that are older than the rest. */
export const LEGACY_PREFIX = "AWS.SimpleQueueService.";

/** What `errorOf` returns for most errors: status 400, and the query code equals the name. */
export function refused(name: string, message: string, more: Readonly<Record<string, unknown>> = {}) {
  return { name, code: name, status: 400, message, ...more };
}
