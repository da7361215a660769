import {
  connectionRemedy,
  isCertificateRefusal,
  isQueueError,
  type ErrorClass,
  type ErrorCode,
  type Operation,
} from "@anyqueue/core/adapter";
import { AckIdError } from "./ack-id-error.ts";

/** What one gRPC status means. */
export interface StatusRow {
  readonly name: string;
  readonly code: ErrorCode;
  /** True: the operation may have taken effect although it failed. */
  readonly ambiguous?: boolean;
  readonly source: string;
}

/** The meaning of an error text, where one status has several meanings. */
export interface TextRow {
  readonly text: RegExp;
  /** Applies only to this status; absent: to any status, or none. */
  readonly status?: number;
  readonly during?: readonly Operation[];
  readonly code: ErrorCode;
  readonly ambiguous?: boolean;
  /** What to do, if the code's own remedy says too little. */
  readonly remedy?: string;
  readonly source: string;
}

type Meaning = Pick<TextRow, "code" | "ambiguous" | "remedy">;

const DOCS = "https://cloud.google.com/pubsub/docs/reference/error-codes (2026-11-29)";
const GRPC = "https://grpc.io/docs/guides/status-codes/ (2026-11-29)";
const EXACTLY_ONCE = "https://cloud.google.com/pubsub/docs/exactly-once-delivery (2026-11-29)";
const SDK = "@google-cloud/pubsub 5.3.1 and 6.3.0, seen on the wire (2026-11-29)";
const AUTH = "google-auth-library 10.5 and 11.3, observed (2026-11-29)";
const SETTLING: readonly Operation[] = ["ack", "release", "extend", "deadLetter"];

export const CREDENTIALS_REMEDY =
  "Set GOOGLE_APPLICATION_CREDENTIALS, run gcloud auth application-default login, or give a client. An emulator needs ?endpoint= in the URL.";
export const PROJECT_REMEDY =
  'Name it: "pubsub://my-project", pubsub({ project }), or PUBSUB_PROJECT_ID. An emulator takes any.';

const ENTITY_REMEDY =
  "A queue is a topic and a subscription: create what is missing (client.admin.create, or `anyqueue create <queue>`), or correct the name, prefix or project.";

const KEY_REMEDY = "Enable the Cloud KMS key, and let Pub/Sub's service account use it.";
const STATE_REMEDY =
  "Change what it names: billing, a region that the topic's storage policy excludes, or a subscription that is detached or pushes.";

/** By gRPC status number. */
export const STATUSES: Readonly<Record<number, StatusRow>> = {
  1: { name: "CANCELLED", code: "CANCELLED", ambiguous: true, source: GRPC },
  2: { name: "UNKNOWN", code: "UNAVAILABLE", ambiguous: true, source: GRPC },
  3: { name: "INVALID_ARGUMENT", code: "INVALID_ARGUMENT", source: DOCS },
  4: { name: "DEADLINE_EXCEEDED", code: "TIMEOUT", ambiguous: true, source: DOCS },
  5: { name: "NOT_FOUND", code: "NOT_FOUND", source: DOCS },
  6: { name: "ALREADY_EXISTS", code: "ALREADY_EXISTS", source: DOCS },
  7: { name: "PERMISSION_DENIED", code: "ACCESS_DENIED", source: DOCS },
  // Quotas of Pub/Sub are rates: waiting helps.
  8: { name: "RESOURCE_EXHAUSTED", code: "THROTTLED", source: DOCS },
  9: { name: "FAILED_PRECONDITION", code: "UNSUPPORTED", source: DOCS },
  10: { name: "ABORTED", code: "UNAVAILABLE", ambiguous: true, source: GRPC },
  11: { name: "OUT_OF_RANGE", code: "INVALID_ARGUMENT", source: GRPC },
  12: { name: "UNIMPLEMENTED", code: "UNSUPPORTED", source: GRPC },
  13: { name: "INTERNAL", code: "UNAVAILABLE", ambiguous: true, source: DOCS },
  14: { name: "UNAVAILABLE", code: "UNAVAILABLE", ambiguous: true, source: DOCS },
  15: { name: "DATA_LOSS", code: "UNAVAILABLE", ambiguous: true, source: GRPC },
  16: { name: "UNAUTHENTICATED", code: "UNAUTHENTICATED", source: DOCS },
};

/** These take precedence over the statuses; the first match counts. */
export const TEXTS: readonly TextRow[] = [
  {
    text: /could not load the default credentials/i,
    code: "UNAUTHENTICATED",
    remedy: CREDENTIALS_REMEDY,
    source: AUTH,
  },
  {
    text: /unable to detect a project id/i,
    code: "UNAUTHENTICATED",
    remedy: PROJECT_REMEDY,
    source: AUTH,
  },
  // The request for a token failed: the credentials may be good, and the call was not sent.
  {
    text: /getting metadata from plugin failed.*(?:failed, reason: |ECONN|ETIMEDOUT|socket hang up|timeout|abort)/i,
    code: "CONNECTION_LOST",
    source: AUTH,
  },
  { text: /^request to \S+ failed, reason: /, code: "CONNECTION_LOST", source: AUTH },
  {
    text: /invalid_grant|invalid_rapt|getting metadata from plugin failed/i,
    code: "UNAUTHENTICATED",
    source: AUTH,
  },
  {
    text: /unable to read the credential file|does not exist, or it is not a file|ENOENT: no such file or directory, open/i,
    code: "UNAUTHENTICATED",
    source: AUTH,
  },
  { text: /universe domain .* does not match/i, code: "UNAUTHENTICATED", source: AUTH },
  {
    text: /client has already been closed|closed PubSub object|channel has been shut down/i,
    code: "CLOSED",
    source: SDK,
  },
  // Ended by something in between: nothing here cancelled it.
  { status: 1, during: ["receive"], text: /(?:)/, code: "UNAVAILABLE", source: SDK },
  { status: 1, during: ["send"], text: /(?:)/, code: "UNAVAILABLE", ambiguous: true, source: SDK },
  // Failed before anything was sent.
  {
    status: 4,
    text: /^(?!.*previous attempts).*waiting for (?:LB pick|name resolution|metadata filters)/i,
    code: "CONNECTION_LOST",
    source: "@grpc/grpc-js 1.14.7, resolving-call.js (2026-11-30)",
  },
  {
    status: 14,
    text: /no connection established|name resolution failed/i,
    code: "CONNECTION_LOST",
    source: SDK,
  },
  {
    status: 14,
    text: /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH/,
    code: "CONNECTION_LOST",
    source: SDK,
  },
  {
    status: 14,
    text: /ECONNRESET|EPIPE|connection dropped|read ETIMEDOUT|socket hang up|keepalive/i,
    code: "CONNECTION_LOST",
    ambiguous: true,
    source: SDK,
  },
  { status: 13, text: /RST_STREAM|GOAWAY/i, code: "CONNECTION_LOST", ambiguous: true, source: SDK },
  {
    status: 3,
    during: SETTLING,
    text: /ack(nowledgement)? ?ids?/i,
    code: "LEASE_LOST",
    source: EXACTLY_ONCE,
  },
  // As SQS's refusals of this kind.
  {
    status: 9,
    text: /cryptoKey|Cloud KMS|encryption key/i,
    code: "ACCESS_DENIED",
    remedy: KEY_REMEDY,
    source: DOCS,
  },
  { status: 9, during: SETTLING, text: /(?:)/, code: "LEASE_LOST", source: EXACTLY_ONCE },
  { status: 9, text: /(?:)/, code: "UNSUPPORTED", remedy: STATE_REMEDY, source: DOCS },
  // About an attribute, a key or their number: a smaller body would not help.
  {
    status: 3,
    text: /value for (?:attribute|ordering_key)\w* is too large/i,
    code: "INVALID_ARGUMENT",
    source: DOCS,
  },
  {
    status: 3,
    text: /too large|exceeds? the (?:limit|maximum)|(?:message|request) size/i,
    code: "MESSAGE_TOO_LARGE",
    source: DOCS,
  },
  { status: 5, text: /(?:)/, code: "NOT_FOUND", remedy: ENTITY_REMEDY, source: DOCS },
  { status: 8, text: /message larger than max|larger than max \(/i, code: "MESSAGE_TOO_LARGE", source: GRPC },
];

/** The SDK's message when its own time budget is used up: the status is 4, the real one is in the text. */
const MASKED = /retrying error (?:\w*Error): (\d+) [A-Z_]+/;
const UNAVAILABLE = 14;
/** HTTP statuses of a token request that may succeed later; gRPC passes them on unchanged. */
const PASSING_TOKEN_FAILURE = /^(?:408|429|5\d\d)$/;
const RETRYABLE: ReadonlySet<ErrorCode> = new Set(["THROTTLED", "CONNECTION_LOST", "TIMEOUT", "UNAVAILABLE"]);

/**
 * Classifies any value that a call to Pub/Sub can reject with, or report for one ack id.
 *
 * @param server that was configured: gRPC's texts do not always name it
 */
export function classifyPubsubError(error: unknown, during: Operation, server?: string): ErrorClass {
  if (isQueueError(error))
    return { code: error.code, retryable: error.retryable, ambiguous: error.ambiguous };
  if (error instanceof AckIdError) return classOfAckId(error.reason);
  const text = typeof error === "string" ? error : (textField(error, "message") ?? "");
  const status = realStatus(field(error, "code"), text);
  const row = status === undefined ? undefined : STATUSES[status];
  const meaning: Meaning = meaningOfText(text, status, during) ??
    row ?? { code: "INTERNAL", ambiguous: true };
  const requestId = textField(error, "requestId");
  const [, limit] = /(?:maximum value is|exceeds the limit:|\(\d+ vs\.?) (\d+)/i.exec(text) ?? [];
  const isUnreached = server !== undefined && /no connection established/i.test(text);
  const remedy =
    meaning.remedy ??
    (status === UNAVAILABLE ? connectionRemedy(text, byProxy) : undefined) ??
    (isUnreached ? `Check that Pub/Sub answers at ${server}.` : undefined);
  return {
    code: meaning.code,
    retryable: RETRYABLE.has(meaning.code),
    ambiguous: meaning.ambiguous === true,
    providerCode: row?.name ?? textField(error, "name") ?? "",
    ...(remedy === undefined ? {} : { remedy }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(limit === undefined ? {} : { limitBytes: Number(limit) }),
  };
}

/** The status of a failed call or stream; undefined if the value has none. */
export function statusOf(error: unknown): number | undefined {
  return realStatus(field(error, "code"), textField(error, "message") ?? "");
}

/** Statuses after which the SDK's own subscriber opens another stream; after any other it ends. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([1, 4, 8, 10, 13, 14]);

/** True: a stream that ended with this error is opened again. */
export function isPassing(error: unknown): boolean {
  if (isQueueError(error)) return error.retryable;
  return PASSING_STATUSES.has(statusOf(error) ?? -1);
}

/**
 * The refused ids of a request to an exactly-once subscription, with their reasons, unknown ones included.
 * All other ids were settled.
 */
export function refusedAckIds(error: unknown): ReadonlyMap<string, string> | undefined {
  const listed = field(error, "errorInfoMetadata");
  if (typeof listed !== "object" || listed === null) return undefined;
  const refused = Object.entries(listed).map(([id, reason]) => [id, String(reason)] as const);
  const areAckIds =
    field(error, "reason") === "EXACTLY_ONCE_ACKID_FAILURE" ||
    refused.some(([, reason]) => /^(?:PERMANENT|TRANSIENT)_/.test(reason));
  return areAckIds ? new Map(refused) : undefined;
}

/** https://cloud.google.com/pubsub/docs/exactly-once-delivery (2026-11-29): only permanent ones are final. */
function classOfAckId(reason: string): ErrorClass {
  if (reason.startsWith("PERMANENT_"))
    return { code: "LEASE_LOST", retryable: false, ambiguous: false, providerCode: reason };
  const ambiguous = !reason.startsWith("TRANSIENT_");
  return { code: "UNAVAILABLE", retryable: true, ambiguous, providerCode: reason };
}

function realStatus(code: unknown, text: string): number | undefined {
  if (typeof code !== "number") return undefined;
  const [, masked] = MASKED.exec(text) ?? [];
  if (masked !== undefined && code === 4) return Number(masked);
  // Status 0 with an error is the SDK's "closed", which its text identifies.
  return code === 0 ? undefined : code;
}

/** gRPC reads only names in lower case, in this order. */
function byProxy(variables: readonly string[]): string {
  const used = ["grpc_proxy", "https_proxy", "http_proxy"].find((name) => variables.includes(name));
  return used === undefined
    ? "gRPC reads `https_proxy` and `no_proxy`, in lower case."
    : `gRPC goes through the proxy that \`${used}\` names, unless \`no_proxy\` names the host.`;
}

function meaningOfText(text: string, status: number | undefined, during: Operation): Meaning | undefined {
  // Only a connection that did not open, to Pub/Sub or to the source of tokens, fails for its certificate.
  const isOfConnection = status === UNAVAILABLE || text.includes("failed, reason: ");
  if (isOfConnection && isCertificateRefusal(text)) return { code: "UNAUTHENTICATED" };
  if (PASSING_TOKEN_FAILURE.test(String(status))) return { code: "UNAVAILABLE" };
  return TEXTS.find(
    (row) =>
      (row.status === undefined || row.status === status) &&
      (row.during === undefined || row.during.includes(during)) &&
      row.text.test(text),
  );
}

/** Reads a property of a value of any type. */
export function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && name in value ? Reflect.get(value, name) : undefined;
}

function textField(value: unknown, name: string): string | undefined {
  const found = field(value, name);
  return typeof found === "string" ? found : undefined;
}
