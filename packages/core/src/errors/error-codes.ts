/**
 * Every code that a {@link QueueError} can have, with its defaults. Codes are only ever added, because
 * dashboards use them. `retryable`: the same call may succeed later; an adapter may override it for one
 * error. `remedy`: what to do, the last sentence of the error's message unless more is known.
 */
export const ERROR_CODES = {
  NOT_FOUND: {
    retryable: false,
    remedy:
      "Create it (client.admin.create, or `anyqueue create <queue>` in a shell) or correct the name, prefix or region.",
  },
  ALREADY_EXISTS: {
    retryable: false,
    remedy: "Ask for the settings it has, or change them with the provider's tools.",
  },
  UNAUTHENTICATED: {
    retryable: false,
    remedy: "Pass valid credentials to the provider's options, or put them where its SDK looks for them.",
  },
  ACCESS_DENIED: { retryable: false, remedy: "Grant the missing permission to these credentials." },
  THROTTLED: { retryable: true, remedy: "Slow down, or raise the quota." },
  QUOTA_EXCEEDED: { retryable: true, remedy: "Settle or remove messages, or raise the quota." },
  MESSAGE_TOO_LARGE: {
    retryable: false,
    remedy: "Send less, or store the payload elsewhere and send its address.",
  },
  BATCH_TOO_LARGE: { retryable: false, remedy: "Send fewer messages at once." },
  INVALID_ARGUMENT: { retryable: false, remedy: "Correct the value." },
  INVALID_MESSAGE: { retryable: false, remedy: "Correct the message or its schema." },
  UNSUPPORTED: {
    retryable: false,
    remedy: "Use another provider or entity, or allow emulation where there is one.",
  },
  PARTIAL_SEND: { retryable: false, remedy: "Look at `results` and send the failed ones again." },
  LEASE_LOST: {
    retryable: false,
    remedy: "Make the handler idempotent, lengthen the lease or shorten the work.",
  },
  ALREADY_SETTLED: { retryable: false, remedy: "Settle a message once." },
  NO_SESSION: { retryable: true, remedy: "Nothing to do: there is no session to lock right now." },
  CONNECTION_LOST: { retryable: true, remedy: "Check network, host name and port." },
  TIMEOUT: { retryable: true, remedy: "Check that the service answers, or allow more time." },
  UNAVAILABLE: { retryable: true, remedy: "Wait for the service to recover." },
  CANCELLED: { retryable: false, remedy: "Nothing to do: the caller aborted the signal." },
  CLOSED: { retryable: false, remedy: "Use it before close(), or make a new client." },
  INTERNAL: { retryable: false, remedy: "Report it with the cause: this error is not in our tables." },
} as const satisfies Record<string, { readonly retryable: boolean; readonly remedy: string }>;

/** The code of an error, such as `"NOT_FOUND"`: a key of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;
