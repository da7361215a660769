import {
  connectionRemedy,
  isCertificateRefusal,
  isQueueError,
  type ErrorClass,
  type ErrorCode,
  type Operation,
} from "@anyqueue/core/adapter";
import { ChecksumError } from "./checksum.ts";
import { EntryError } from "./entry-error.ts";
import { field, textField } from "./field.ts";
import { remedyOfForeignAnswer } from "./foreign-answer.ts";

/** One row of a table: vendor names, the portable code, and where the names were seen. */
export interface ErrorRow {
  /** Separated by spaces; without prefix, dots and the suffix "Exception". */
  readonly names: string;
  readonly code: ErrorCode;
  /** True: the operation may have taken effect although it failed. */
  readonly ambiguous?: boolean;
  readonly retryAfterMs?: number;
  readonly source: string;
}

type Meaning = Omit<ErrorRow, "names">;

const DOCS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/";
const COMMON = `${DOCS}CommonErrors.html (2026-11-24)`;
const SEND = `${DOCS}API_SendMessage.html (2026-11-24)`;
const BATCH = `${DOCS}API_SendMessageBatch.html (2026-11-24)`;
const RECEIVE = `${DOCS}API_ReceiveMessage.html (2026-11-24)`;
const LEASE = `${DOCS}API_ChangeMessageVisibility.html (2026-11-24)`;
const CREATE = `${DOCS}API_CreateQueue.html (2026-11-24)`;
const PURGE = `${DOCS}API_PurgeQueue.html (2026-11-24)`;
const MOVE = `${DOCS}API_StartMessageMoveTask.html (2026-11-24)`;
const SIGN =
  "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html (2026-11-24)";
const THROTTLING = "@smithy/core 3.41.0, THROTTLING_ERROR_CODES (2026-11-30)";
const UNDICI = "https://undici.nodejs.org/#/docs/api/Errors (2026-11-30)";
const SDK = "@aws-sdk/client-sqs 3.1169.0, observed (2026-11-24)";
const NODE = "https://nodejs.org/api/errors.html#common-system-errors (2026-11-24)";
const HTTP = "https://www.rfc-editor.org/rfc/rfc9110#section-15 (2026-11-30)";
const TLS = "https://nodejs.org/api/tls.html#x509-certificate-error-codes (2026-11-24)";

/** Looked up by `name`, then by `Code`. */
export const SERVICE_ERRORS: readonly ErrorRow[] = [
  { names: "QueueDoesNotExist NonExistentQueue ResourceNotFound", code: "NOT_FOUND", source: SEND },
  // Only a creation is refused so, and only for that long.
  { names: "QueueDeletedRecently", code: "THROTTLED", retryAfterMs: 60_000, source: CREATE },
  { names: "QueueNameExists QueueAlreadyExists", code: "ALREADY_EXISTS", source: CREATE },
  { names: "AccessDenied NotAuthorized", code: "ACCESS_DENIED", source: COMMON },
  { names: "OptInRequired InvalidSecurity", code: "ACCESS_DENIED", source: COMMON },
  { names: "KmsAccessDenied KmsDisabled KmsInvalidState KmsNotFound", code: "ACCESS_DENIED", source: SEND },
  { names: "KmsOptInRequired KmsInvalidKeyUsage", code: "ACCESS_DENIED", source: SEND },
  { names: "CredentialsProviderError TokenProviderError", code: "UNAUTHENTICATED", source: SDK },
  { names: "UnrecognizedClient InvalidClientTokenId ExpiredToken", code: "UNAUTHENTICATED", source: COMMON },
  { names: "MissingAuthenticationToken IncompleteSignature", code: "UNAUTHENTICATED", source: COMMON },
  { names: "SignatureDoesNotMatch InvalidSignature AuthFailure", code: "UNAUTHENTICATED", source: SIGN },
  { names: "RequestExpired RequestTimeTooSkewed RequestInTheFuture", code: "UNAUTHENTICATED", source: SIGN },
  { names: "RequestThrottled KmsThrottled KmsThrottling", code: "THROTTLED", source: SEND },
  { names: "Throttling Throttled TooManyRequests SlowDown", code: "THROTTLED", source: COMMON },
  {
    names: "RequestLimitExceeded BandwidthLimitExceeded LimitExceeded",
    code: "THROTTLED",
    source: THROTTLING,
  },
  { names: "ProvisionedThroughputExceeded EC2Throttled", code: "THROTTLED", source: THROTTLING },
  { names: "PriorRequestNotComplete TransactionInProgress", code: "THROTTLED", source: THROTTLING },
  { names: "PurgeQueueInProgress", code: "THROTTLED", retryAfterMs: 60_000, source: PURGE },
  // A standard queue has 120,000 messages in flight: settle some first. Long polls just bring nothing.
  { names: "OverLimit", code: "QUOTA_EXCEEDED", source: RECEIVE },
  { names: "BatchRequestTooLong TooManyEntriesInBatchRequest", code: "BATCH_TOO_LARGE", source: BATCH },
  { names: "EmptyBatchRequest BatchEntryIdsNotDistinct", code: "INVALID_ARGUMENT", source: BATCH },
  { names: "InvalidBatchEntryId", code: "INVALID_ARGUMENT", source: BATCH },
  { names: "ReceiptHandleIsInvalid InvalidIdFormat MessageNotInflight", code: "LEASE_LOST", source: LEASE },
  { names: "InvalidMessageContents UnsupportedOperation", code: "INVALID_ARGUMENT", source: SEND },
  { names: "InvalidAddress", code: "INVALID_ARGUMENT", source: SEND },
  { names: "InvalidAttributeName InvalidAttributeValue", code: "INVALID_ARGUMENT", source: CREATE },
  { names: "InvalidParameterValue InvalidParameterCombination", code: "INVALID_ARGUMENT", source: COMMON },
  { names: "MissingParameter MissingRequiredParameter", code: "INVALID_ARGUMENT", source: COMMON },
  { names: "InvalidAction InvalidQueryParameter", code: "INVALID_ARGUMENT", source: COMMON },
  { names: "MalformedQueryString", code: "INVALID_ARGUMENT", source: COMMON },
  { names: "Validation ValidationError", code: "INVALID_ARGUMENT", source: COMMON },
  { names: "UnknownOperation Serialization", code: "INVALID_ARGUMENT", source: COMMON },
  // FIPS or dual stack together with an endpoint.
  { names: "EndpointError", code: "INVALID_ARGUMENT", source: SDK },
  // The service answered that it did not accept the request.
  { names: "ServiceUnavailable", code: "UNAVAILABLE", source: COMMON },
  { names: "InternalFailure InternalError", code: "UNAVAILABLE", ambiguous: true, source: COMMON },
  { names: "InternalServerError", code: "UNAVAILABLE", ambiguous: true, source: COMMON },
  { names: "RequestTimeout TimeoutError", code: "TIMEOUT", ambiguous: true, source: SDK },
  { names: "AbortError", code: "CANCELLED", ambiguous: true, source: SDK },
];

/** Looked up by Node's own `code` before the name: the SDK renames a reset connection to TimeoutError. */
export const SOCKET_ERRORS: readonly ErrorRow[] = [
  { names: "ECONNREFUSED ENOTFOUND EAI_AGAIN", code: "CONNECTION_LOST", source: NODE },
  { names: "EHOSTUNREACH ENETUNREACH", code: "CONNECTION_LOST", ambiguous: true, source: NODE },
  { names: "ECONNRESET EPIPE ECONNABORTED", code: "CONNECTION_LOST", ambiguous: true, source: NODE },
  { names: "ETIMEDOUT", code: "TIMEOUT", ambiguous: true, source: NODE },
  { names: "UND_ERR_SOCKET", code: "CONNECTION_LOST", ambiguous: true, source: UNDICI },
  { names: "UND_ERR_CONNECT_TIMEOUT", code: "TIMEOUT", source: UNDICI },
  { names: "UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT", code: "TIMEOUT", ambiguous: true, source: UNDICI },
  // Waiting helps with none of these (docs/decisions/0052). Rarer ones are recognized by their texts.
  { names: "CERT_HAS_EXPIRED CERT_NOT_YET_VALID", code: "UNAUTHENTICATED", source: TLS },
  { names: "SELF_SIGNED_CERT_IN_CHAIN DEPTH_ZERO_SELF_SIGNED_CERT", code: "UNAUTHENTICATED", source: TLS },
  { names: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", code: "UNAUTHENTICATED", source: TLS },
  { names: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", code: "UNAUTHENTICATED", source: TLS },
  { names: "ERR_TLS_CERT_ALTNAME_INVALID", code: "UNAUTHENTICATED", source: TLS },
  { names: "ERR_SSL_WRONG_VERSION_NUMBER", code: "CONNECTION_LOST", source: TLS },
  // The environment names an invalid endpoint, or a token file that does not exist.
  { names: "ERR_INVALID_URL ERR_INVALID_PROTOCOL", code: "INVALID_ARGUMENT", source: NODE },
  { names: "ENOENT", code: "UNAUTHENTICATED", source: NODE },
  { names: "EPROTO", code: "CONNECTION_LOST", ambiguous: true, source: TLS },
];

/** The last is what old releases (@smithy/core 3.0.0) say of an empty AWS_REGION. */
export const NO_REGION: RegExp =
  /^(?:Region (?:is missing|not accepted)|expected `region` to be configured)/i;
const TOO_LARGE = /\bMessage must be shorter than (\d+)/i;
/** Matched by a part of the text, where one vendor code means several things. These override the names. */
export const TEXT_ERRORS: readonly (Meaning & { readonly text: RegExp; readonly during?: Operation })[] = [
  { text: TOO_LARGE, code: "MESSAGE_TOO_LARGE", source: SEND },
  { text: /receipt handle has expired/i, code: "LEASE_LOST", source: LEASE },
  { text: /not available for visibility timeout change/i, code: "LEASE_LOST", source: LEASE },
  { text: /did not establish a connection with the server/i, code: "TIMEOUT", source: SDK },
  { text: /^Resolved credential object is not valid/, code: "UNAUTHENTICATED", source: SDK },
  { text: NO_REGION, code: "INVALID_ARGUMENT", source: SDK },
  // From the SDK's own check, in a client that the application gave with its checks on.
  {
    text: /Invalid MD5 checksum on messages|InvalidChecksumError/,
    code: "UNAVAILABLE",
    ambiguous: true,
    source: SDK,
  },
  { text: /dead.?letter queue/i, during: "admin", code: "UNSUPPORTED", source: MOVE },
];

/** Answers not made by SQS: proxies, load balancers, error pages. See docs/decisions/0081. */
const STATUSES: Readonly<Record<number, Meaning>> = {
  401: { code: "UNAUTHENTICATED", source: COMMON },
  403: { code: "ACCESS_DENIED", source: COMMON },
  404: { code: "NOT_FOUND", source: COMMON },
  407: { code: "UNAUTHENTICATED", source: HTTP },
  408: { code: "TIMEOUT", ambiguous: true, source: COMMON },
  413: { code: "BATCH_TOO_LARGE", source: COMMON },
  429: { code: "THROTTLED", source: COMMON },
  503: { code: "UNAVAILABLE", source: COMMON },
};

/** The system calls that open a connection. They fail with the same codes as reading and writing. */
const OPENING: ReadonlySet<string | undefined> = new Set(["connect", "getaddrinfo"]);
const BY_PROXY =
  "SQS goes through a proxy only by `clientOptions: { requestHandler: { httpsAgent } }` with an agent that does.";
const UNTRUSTED: Meaning = { code: "UNAUTHENTICATED", source: TLS };
/** An entry was refused, and the answer says that the sender is not to blame. */
const OF_SERVICE: Meaning = { code: "UNAVAILABLE", source: BATCH };
const OF_GATEWAY: Meaning = { code: "UNAVAILABLE", source: HTTP };
const SENDING: ReadonlySet<Operation> = new Set(["send", "deadLetter"]);
const UNOPENED: Meaning = { code: "CONNECTION_LOST", source: NODE };

const MAX_CAUSES = 10;
const RETRYABLE = new Set(["THROTTLED", "QUOTA_EXCEEDED", "CONNECTION_LOST", "TIMEOUT", "UNAVAILABLE"]);
const byName = indexOf(SERVICE_ERRORS);
const bySocketCode = indexOf(SOCKET_ERRORS);

/** Remedies that are better than the code's own. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  [
    "CredentialsProviderError",
    "Give sqs({ credentials }), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; an emulator takes any.",
  ],
  ["QueueDeletedRecently", "Wait 60 seconds: SQS keeps the name of a deleted queue for that long."],
]);

/** Classifies any value with which a call to SQS can reject, or that it can report for one entry. */
export function classifySqsError(error: unknown, during: Operation): ErrorClass {
  if (isQueueError(error))
    return { code: error.code, retryable: error.retryable, ambiguous: error.ambiguous };
  let known = classify(error, during);
  let cause = error;
  // What `fetch` throws says nothing, but its cause does. Looks as deep as the SDK does.
  for (let depth = 0; known.code === "INTERNAL" && depth < MAX_CAUSES; depth += 1) {
    cause = field(cause, "cause");
    known = classify(cause, during);
  }
  if (known.code === "INTERNAL") known = classify(error, during);
  return field(error, "isUnbegun") === true ? { ...known, ambiguous: false } : known;
}

function classify(error: unknown, during: Operation): ErrorClass {
  if (error instanceof ChecksumError) return { code: "UNAVAILABLE", retryable: true, ambiguous: true };
  const name = textField(error, "name") ?? "";
  const vendorCode = textField(error, "Code");
  const socketCode = textField(error, "code") ?? "";
  const text = textField(error, "message") ?? "";
  const metadata = field(error, "$metadata");
  const response = field(error, "$response");
  // Old releases (@smithy/middleware-serde 4.0.0) say the status of what they cannot read only in the response.
  const status = field(metadata, "httpStatusCode") ?? field(response, "statusCode");
  const isUntrusted = isCertificateRefusal(text);
  const isUnsent = neverLeft(error);
  const meaning =
    (isUntrusted ? UNTRUSTED : undefined) ??
    TEXT_ERRORS.find((row) => row.text.test(text) && (row.during ?? during) === during) ??
    bySocketCode.get(socketCode) ??
    byName.get(bare(name)) ??
    byName.get(bare(vendorCode ?? "")) ??
    (isUnsent
      ? UNOPENED
      : field(error, "SenderFault") === false
        ? OF_SERVICE
        : meaningOfStatus(status, during));
  const requestId = textField(metadata, "requestId");
  // With the application's own handler, the proxy is the application's matter.
  const isOurs = field(error, "isUnsent") === true;
  const remedy =
    isOurs || isUntrusted
      ? connectionRemedy(`${socketCode} ${text}`, () => BY_PROXY)
      : (REMEDIES.get(bare(name)) ??
        remedyOfForeignAnswer(name, status) ??
        remedyOfTwin(textField(error, "twin")));
  const [, limit] = TOO_LARGE.exec(text) ?? [];
  const retryAfterMs = retryAfterOf(field(response, "headers")) ?? meaning.retryAfterMs;
  return {
    code: meaning.code,
    retryable: RETRYABLE.has(meaning.code),
    // An entry under `Failed` was certainly refused, whatever its code.
    ambiguous: !(error instanceof EntryError) && !isUnsent && meaning.ambiguous === true,
    providerCode: vendorCode ?? (socketCode || name),
    ...(remedy === undefined ? {} : { remedy }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(limit === undefined ? {} : { limitBytes: Number(limit) }),
  };
}

/** True: there was no open connection, so the service cannot have seen the request. */
function neverLeft(error: unknown): boolean {
  if (field(error, "isUnsent") === true || OPENING.has(textField(error, "syscall"))) return true;
  // Node tried several addresses, and none opened.
  return error instanceof AggregateError && "code" in error;
}

/** The queue does not exist, but one of the other kind does. */
function remedyOfTwin(twin: string | undefined): string | undefined {
  if (twin === undefined) return undefined;
  return twin.endsWith(".fifo")
    ? `The FIFO queue "${twin}" exists: use that name, or ask for order (orderingKey; --key or --ordered in a shell).`
    : `The standard queue "${twin}" exists: create the FIFO queue, or ask for neither order nor deduplication.`;
}

function meaningOfStatus(status: unknown, during: Operation): Meaning {
  // Perhaps from the application's own handler: nobody knows how far the request got.
  if (typeof status !== "number") return { code: "INTERNAL", ambiguous: true, source: SDK };
  // Only a send can be made smaller.
  const known = status === 413 && !SENDING.has(during) ? OF_GATEWAY : STATUSES[status];
  if (known !== undefined) return known;
  // Below 400 it was not an answer of SQS but the page of some proxy.
  const isRefusal = status >= 400 && status < 500;
  return { code: isRefusal ? "INVALID_ARGUMENT" : "UNAVAILABLE", ambiguous: !isRefusal, source: COMMON };
}

/** Reads `Retry-After`: seconds, or a date, compared with the answer's own date and not with our clock. */
function retryAfterOf(headers: unknown): number | undefined {
  const value = textField(headers, "retry-after");
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1_000;
  const wait = Date.parse(value) - Date.parse(textField(headers, "date") ?? "");
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

/** `com.amazonaws.sqs#KMS.ThrottlingException` → `KmsThrottling`. */
function bare(name: string): string {
  const local = name.replace(/^.*#/, "").replace(/^AWS\.SimpleQueueService\./, "");
  return local.replace(/^KMS\./, "Kms").replace(/Exception$/, "");
}

function indexOf(rows: readonly ErrorRow[]): ReadonlyMap<string, ErrorRow> {
  return new Map(rows.flatMap((row) => row.names.split(" ").map((name) => [name, row] as const)));
}
