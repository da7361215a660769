import { field } from "./field.ts";
import {
  connectionRemedy,
  isCertificateRefusal,
  isQueueError,
  type ErrorClass,
  type ErrorCode,
  type Operation,
} from "@anyqueue/core/adapter";

/** One line of the table: vendor names, the portable code, and where the names were seen. */
export interface ErrorRow {
  /** `code` of the SDK's errors, or the condition that starts a GeneralError's text; separated by spaces. */
  readonly names: string;
  readonly code: ErrorCode;
  /** True if the operation may have taken effect although it failed. */
  readonly ambiguous?: boolean;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
  readonly source: string;
}

type Meaning = Omit<ErrorRow, "names">;

const DOCS =
  "https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-exceptions-latest (2026-11-29)";
const AMQP =
  "https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-troubleshoot (2026-11-29)";
const SDK = "@azure/service-bus 7.9.5 and @azure/core-amqp 4.5.1, their sources (2026-11-29)";
const SEEN = "@azure/service-bus 7.9.5, observed (2026-11-29)";
const IDENTITY = "@azure/identity 4, its error classes (2026-11-29)";
const ATOM = "https://learn.microsoft.com/rest/api/servicebus/error-codes (2026-11-29)";
const NODE = "https://nodejs.org/api/errors.html#common-system-errors (2026-11-29)";
const OURS = "refuse-bad-frames.ts, namespace-connection.ts (2026-11-30)";
const TLS = "https://nodejs.org/api/tls.html#x509-certificate-error-codes (2026-11-29)";

/** A throttled namespace asks for two seconds in its text (error 50009). */
const BUSY_MS = 2_000;

/** By `code`, then by the name before the colon of a GeneralError, then by `name`. */
export const SERVICE_ERRORS: readonly ErrorRow[] = [
  { names: "MessagingEntityNotFound MessagingEntityNotFoundError", code: "NOT_FOUND", source: DOCS },
  { names: "MessageEntityNotFoundError NoMatchingSubscriptionError", code: "NOT_FOUND", source: SDK },
  { names: "ResourceDeletedError RelayNotFoundError", code: "NOT_FOUND", source: SDK },
  { names: "MessageNotFound MessageNotFoundError", code: "NOT_FOUND", source: DOCS },
  {
    names: "MessagingEntityAlreadyExists MessagingEntityAlreadyExistsError",
    code: "ALREADY_EXISTS",
    source: DOCS,
  },
  { names: "MessageEntityAlreadyExistsError", code: "ALREADY_EXISTS", source: ATOM },
  {
    names: "MessagingEntityDisabled MessagingEntityDisabledError",
    code: "UNAVAILABLE",
    retryable: false,
    source: DOCS,
  },
  { names: "UnauthorizedAccess UnauthorizedError", code: "ACCESS_DENIED", source: DOCS },
  { names: "UnauthorizedRequestError", code: "ACCESS_DENIED", source: DOCS },
  { names: "CredentialUnavailableError AuthenticationError", code: "UNAUTHENTICATED", source: IDENTITY },
  {
    names: "AggregateAuthenticationError AuthenticationRequiredError",
    code: "UNAUTHENTICATED",
    source: IDENTITY,
  },
  { names: "ServiceBusy ServerBusyError", code: "THROTTLED", retryAfterMs: BUSY_MS, source: DOCS },
  { names: "QuotaExceeded QuotaExceededError", code: "QUOTA_EXCEEDED", source: DOCS },
  { names: "MessageSizeExceeded MessageTooLargeError", code: "MESSAGE_TOO_LARGE", source: DOCS },
  {
    names: "MessageLockLost MessageLockLostError SessionLockLost SessionLockLostError",
    code: "LEASE_LOST",
    source: DOCS,
  },
  { names: "StoreLockLostError LinkStolenError", code: "LEASE_LOST", source: SDK },
  { names: "SessionCannotBeLocked SessionCannotBeLockedError", code: "NO_SESSION", source: DOCS },
  {
    names: "ServiceTimeout ServiceUnavailableError OperationTimeoutError",
    code: "TIMEOUT",
    ambiguous: true,
    source: DOCS,
  },
  {
    names: "ServiceCommunicationProblem ServiceCommunicationError",
    code: "CONNECTION_LOST",
    ambiguous: true,
    source: DOCS,
  },
  {
    names: "ConnectionForcedError DetachForcedError",
    code: "CONNECTION_LOST",
    ambiguous: true,
    source: AMQP,
  },
  // The name of amqp:link:stolen: another receiver took the link.
  { names: "ReceiverDisconnectedError", code: "CONNECTION_LOST", ambiguous: true, source: SDK },
  {
    names: "ConnectionRedirectError LinkRedirectError FramingError",
    code: "CONNECTION_LOST",
    ambiguous: true,
    source: SDK,
  },
  {
    names: "AMQPConnectionClosed NonRetryableConnectionError",
    code: "CONNECTION_LOST",
    ambiguous: true,
    source: SDK,
  },
  { names: "ArgumentError ArgumentOutOfRangeError InvalidFieldError", code: "INVALID_ARGUMENT", source: SDK },
  { names: "InvalidOperationError PreconditionFailedError", code: "INVALID_ARGUMENT", source: SDK },
  { names: "NotImplementedError DecodeError TypeError RangeError", code: "INVALID_ARGUMENT", source: SDK },
  {
    names: "InternalServerError OperationCancelledError",
    code: "UNAVAILABLE",
    ambiguous: true,
    source: AMQP,
  },
  { names: "SenderBusyError SenderNotReadyError InsufficientCreditError", code: "UNAVAILABLE", source: SDK },
  { names: "TransferLimitExceededError WindowViolationError", code: "UNAVAILABLE", source: SDK },
  { names: "SendOperationFailedError", code: "UNAVAILABLE", ambiguous: true, source: SDK },
  { names: "AbortError", code: "CANCELLED", ambiguous: true, source: SDK },
];

/** By `code` of Node's own errors, even if the SDK keeps it only at the start of a text. */
export const SOCKET_ERRORS: readonly ErrorRow[] = [
  { names: "ECONNREFUSED ENOTFOUND EAI_AGAIN EADDRNOTAVAIL", code: "CONNECTION_LOST", source: NODE },
  { names: "EHOSTUNREACH ENETUNREACH EHOSTDOWN ENETDOWN", code: "CONNECTION_LOST", source: NODE },
  {
    names: "ECONNRESET EPIPE ECONNABORTED ENETRESET",
    code: "CONNECTION_LOST",
    ambiguous: true,
    source: NODE,
  },
  { names: "ETIMEDOUT", code: "TIMEOUT", ambiguous: true, source: NODE },
  // Waiting cures none of these (docs/decisions/0052). The rarer ones are recognised by their texts.
  { names: "CERT_HAS_EXPIRED CERT_NOT_YET_VALID", code: "UNAUTHENTICATED", source: TLS },
  { names: "SELF_SIGNED_CERT_IN_CHAIN DEPTH_ZERO_SELF_SIGNED_CERT", code: "UNAUTHENTICATED", source: TLS },
  { names: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", code: "UNAUTHENTICATED", source: TLS },
  { names: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", code: "UNAUTHENTICATED", source: TLS },
  { names: "ERR_TLS_CERT_ALTNAME_INVALID", code: "UNAUTHENTICATED", source: TLS },
  { names: "EPROTO ERR_SSL_WRONG_VERSION_NUMBER", code: "CONNECTION_LOST", source: TLS },
];

/** By a part of the text (plain errors of the SDK, conditions that say too little). Wins over the names. */
export const TEXT_ERRORS: readonly (Meaning & { readonly text: RegExp })[] = [
  { text: /messaging entity .*could not be found|status-code: 404/i, code: "NOT_FOUND", source: SDK },
  {
    text: /already been deleted or already settled|either been deleted or already settled/i,
    code: "ALREADY_SETTLED",
    source: SDK,
  },
  {
    text: /requires sessions|session(?:ful)? message receiver|sessionful/i,
    code: "INVALID_ARGUMENT",
    source: AMQP,
  },
  { text: /^Length of '\w+' property on the message/i, code: "INVALID_ARGUMENT", source: SDK },
  { text: /does not match the EntityPath in the connection string/i, code: "INVALID_ARGUMENT", source: SDK },
  { text: /too big to fit in a single batch/i, code: "BATCH_TOO_LARGE", source: SDK },
  {
    text: /status-code: 401|\b401\d\d: |ExpiredToken|InvalidSignature|Invalid authorization token|token (?:has|is) expired/i,
    code: "UNAUTHENTICATED",
    source: SEEN,
  },
  { text: /^Failed to get token|credential gave no token/i, code: "UNAUTHENTICATED", source: SDK },
  {
    text: /underlying AMQP connection is closed|error occurred on the AMQP connection/i,
    code: "CONNECTION_LOST",
    ambiguous: true,
    source: SDK,
  },
  {
    text: /^Cannot request messages on the receiver|Connection is reopening|Link has been permanently closed|^The sender for .* has been closed/i,
    code: "CONNECTION_LOST",
    source: SDK,
  },
  { text: /has been closed and can no longer be used|already closed/i, code: "LEASE_LOST", source: SDK },
  { text: /\bSSL routines:/, code: "CONNECTION_LOST", source: TLS },
  // Nothing was sent yet. Texts of rhea-promise 3.0.3; of a WebSocket: Node.js 22, ws 8.
  {
    text: /^Failed to connect$|non-101 status|^Unexpected server response: \d/,
    code: "CONNECTION_LOST",
    source: SEEN,
  },
  { text: /is no AMQP frame$|Bus was cut$/, code: "CONNECTION_LOST", ambiguous: true, source: OURS },
];
const UNTRUSTED: Meaning = { code: "UNAUTHENTICATED", source: TLS };
const NEEDS_SESSIONS = /SessionId was not set|entity that requires sessions/;
const SESSIONS_REMEDY =
  "Give the definition an orderingKey, or name the entity in serviceBus({ sessionEntities }).";
const BY_PROXY =
  "Service Bus goes through a proxy only over WebSockets, with `clientOptions: { webSocketOptions }`.";

const RETRYABLE = new Set([
  "THROTTLED",
  "QUOTA_EXCEEDED",
  "CONNECTION_LOST",
  "TIMEOUT",
  "UNAVAILABLE",
  "NO_SESSION",
]);
const byName = indexOf(SERVICE_ERRORS);
const bySocketCode = indexOf(SOCKET_ERRORS);

/** Classifies any value with which a call to the SDK can reject. */
export function classifyServiceBusError(error: unknown, during: Operation): ErrorClass {
  if (isQueueError(error)) {
    return { code: error.code, retryable: error.retryable, ambiguous: error.ambiguous };
  }
  const last = unwrap(error);
  const meaning = meaningOf(last);
  const providerCode = codesOf(last)[0] ?? textField(last, "name");
  const requestId = /TrackingId:([\w-]+)/.exec(textField(last, "message") ?? "")?.[1];
  const retryAfterMs = retryAfterOf(last) ?? meaning.retryAfterMs;
  const text = textField(last, "message") ?? "";
  const [, limit] = /\bThe received message .*exceeds the limit \((\d+) bytes\)/.exec(text) ?? [];
  const remedy = NEEDS_SESSIONS.test(text)
    ? SESSIONS_REMEDY
    : connectionRemedy(`${providerCode} ${text}`, () => BY_PROXY);
  return {
    code: meaning.code,
    retryable: meaning.retryable ?? RETRYABLE.has(meaning.code),
    ambiguous: meaning.ambiguous === true && during !== "open" && during !== "probe",
    ...(providerCode === undefined ? {} : { providerCode }),
    ...(remedy === undefined ? {} : { remedy }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(limit === undefined ? {} : { limitBytes: Number(limit) }),
  };
}

/** True if an accept found nothing to lock. Which of three codes says so cannot be foreseen. https://github.com/Azure/azure-sdk-for-js/issues/9775 (2026-11-29) */
export function isNoSession(error: unknown): boolean {
  const { code } = meaningOf(unwrap(error));
  return code === "NO_SESSION" || code === "TIMEOUT";
}

/** True for the idle timeout of a link or connection: the SDK opens the next by itself. https://github.com/Azure/azure-sdk-for-js/issues/22963 (2026-11-29) */
export function isIdleDetach(error: unknown): boolean {
  return /Idle timeout|inactive for more than the allowed/i.test(textField(unwrap(error), "message") ?? "");
}

/** After two attempts the SDK throws an AggregateError without text or code; only its last error tells. */
function unwrap(error: unknown): unknown {
  const inner = field(error, "errors");
  if (textField(error, "name") !== "AggregateError" || !Array.isArray(inner)) return error;
  const errors: readonly unknown[] = inner;
  return errors.length === 0 ? error : unwrap(errors.at(-1));
}

function meaningOf(error: unknown): Meaning {
  const text = textField(error, "message") ?? "";
  if (isCertificateRefusal(text)) return UNTRUSTED;
  const named = TEXT_ERRORS.find((row) => row.text.test(text));
  if (named !== undefined) return named;
  // Node.js 24 says no more about a WebSocket that was lost. Every other TypeError has a text.
  const isMute = text === "" && textField(error, "name") === "TypeError";
  for (const code of isMute ? ["ECONNRESET"] : codesOf(error)) {
    const found = bySocketCode.get(code) ?? byName.get(code);
    if (found !== undefined) return found;
  }
  return byName.get(textField(error, "name") ?? "") ?? meaningOfStatus(field(error, "statusCode"));
}

/** The most telling first. A GeneralError's text starts with its condition or with the socket's code. */
function codesOf(error: unknown): readonly string[] {
  const code = textField(error, "code");
  const [, before] = /^(\w+)(?:\s+\w+)?:? /.exec(textField(error, "message") ?? "") ?? [];
  const [, socket] =
    /\b(E[A-Z]{4,}(?:_[A-Z]+)?|CERT_[A-Z_]+|ERR_[A-Z_]+)\b/.exec(textField(error, "message") ?? "") ?? [];
  const isGeneral = code === undefined || code === "GeneralError";
  const codes = isGeneral ? [before, socket, code] : [code, before, socket];
  return codes.filter((each) => each !== undefined);
}

/** For the administration, which uses HTTP. */
function meaningOfStatus(status: unknown): Meaning {
  if (typeof status !== "number") return { code: "INTERNAL", source: SDK };
  if (status === 401) return { code: "UNAUTHENTICATED", source: ATOM };
  if (status === 403) return { code: "ACCESS_DENIED", source: ATOM };
  if (status === 404) return { code: "NOT_FOUND", source: ATOM };
  if (status === 409) return { code: "ALREADY_EXISTS", source: ATOM };
  if (status === 429) return { code: "THROTTLED", source: ATOM };
  if (status >= 400 && status < 500) return { code: "INVALID_ARGUMENT", source: ATOM };
  return { code: "UNAVAILABLE", ambiguous: true, source: ATOM };
}

function retryAfterOf(error: unknown): number | undefined {
  const [, seconds] = /Please wait (\d+) seconds/i.exec(textField(error, "message") ?? "") ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

function textField(value: unknown, name: string): string | undefined {
  const found = field(value, name);
  return typeof found === "string" && found !== "" ? found : undefined;
}

function indexOf(rows: readonly ErrorRow[]): ReadonlyMap<string, ErrorRow> {
  return new Map(rows.flatMap((row) => row.names.split(" ").map((name) => [name, row] as const)));
}
