// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas (2026-11-29)
export const SQL_MAX_CHARACTERS = 1_024;

/** Deeper nesting is refused, so that no expression can exhaust the stack. */
export const SQL_MAX_DEPTH = 64;
