// The documents generated from the constants of the engine: its error codes and its defaults.

import { DEFAULTS } from "../../packages/core/src/client/defaults.ts";
import { ERROR_CODES } from "../../packages/core/src/errors/error-codes.ts";

const MEANINGS = {
  NOT_FOUND: "The queue, topic or subscription does not exist.",
  ALREADY_EXISTS: "The entity exists with other settings than the requested ones. Administration only.",
  UNAUTHENTICATED:
    "There are no credentials, or they are expired or wrong, or a certificate is not accepted.",
  ACCESS_DENIED:
    "The credentials are valid but not allowed to do this. The key of an encrypted queue counts too.",
  THROTTLED: "The service limits the rate. `retryAfterMs` has its hint, if it gave one.",
  QUOTA_EXCEEDED: "The entity is full, or too many of its messages are in flight.",
  MESSAGE_TOO_LARGE:
    "One message, attributes included, is over the limit. It is refused before any I/O where the limit is known; `sizeBytes` and `limitBytes` say by how much it is over, as far as that is known.",
  BATCH_TOO_LARGE:
    "A request is over the limit. The core splits requests, so this code appears only below the core.",
  INVALID_ARGUMENT:
    "An option, a name, a URL, an attribute or a configuration file is wrong. The message lists every problem found.",
  INVALID_MESSAGE:
    "A body does not fit its schema or its codec. `send` rejects with this code, or a dead letter has it as its reason.",
  UNSUPPORTED: "The provider, the entity or the runtime lacks a feature, which `feature` names.",
  PARTIAL_SEND: "Some messages of `sendMany` were not confirmed. `results` has one result per input.",
  LEASE_LOST: "This consumer no longer has the delivery: its lease ended or was taken away.",
  ALREADY_SETTLED: "The message was already settled in another way.",
  NO_SESSION: "There is no session to lock. Only inside adapters.",
  CONNECTION_LOST: "The connection broke, was refused, or its host was not found.",
  TIMEOUT: "No answer came in time.",
  UNAVAILABLE: "The service is reachable but cannot answer: an outage, an overload, or a damaged answer.",
  CANCELLED: "The caller's signal was aborted. Its reason is the `cause`.",
  CLOSED: "The client, the producer or the consumer is already closed.",
  INTERNAL: "A failure that no table lists, with the vendor's error as `cause`.",
};

const DEFAULT_ROWS = [
  ["Handlers running at once", "concurrency", String, "`concurrency`"],
  ["Lease of one delivery, where the consumer sets it", "leaseMs", time, "`lease`"],
  [
    "One delivery held in all, renewals included",
    "leaseTotalMs",
    time,
    "a longer `handlerTimeout` extends it",
  ],
  ["Handler runs of one message", "attempts", String, "`retry.attempts`"],
  ["Shortest back-off of a retry, full jitter", "retryMinMs", time, "`retry.delay`"],
  ["Longest back-off of a retry", "retryMaxMs", time, "`retry.delay`"],
  ['Upper bound of what `prefetch: "auto"` holds ready', "maxPrefetch", number, "`prefetch`"],
  ["Settlements gather for", "settleLingerMs", time, ""],
  ["Time of handlers to end when closing", "drainMs", time, "`close({ timeout })`"],
  ["First pause after a failed poll", "pollErrorMinMs", time, ""],
  ["Longest pause after failed polls", "pollErrorMaxMs", time, ""],
  ["One send in all, retries included", "sendTimeoutMs", time, "`createClient(…, { send: { timeout } })`"],
  [
    "Bytes that sends may buffer; beyond them `send` waits",
    "maxBufferedBytes",
    mebibytes,
    "`createClient(…, { send: { maxBufferedBytes } })`",
  ],
];

/** One heading per code, so that each can be linked to. */
export function errorCodesPage(page) {
  assertComplete("tooling/docs/engine-pages.mjs: MEANINGS", Object.keys(MEANINGS), Object.keys(ERROR_CODES));
  const sections = Object.entries(ERROR_CODES).map(([code, { retryable, remedy }]) =>
    [
      `## ${code}`,
      "",
      MEANINGS[code],
      retryable ? "The same call may succeed later." : "The same call fails again.",
      `**What to do:** ${remedy}`,
      "",
    ].join("\n"),
  );
  return page(
    "Error codes",
    "What each code of a `QueueError` means, and what to do about it. [Errors](../concepts/errors.md) describes how",
    "to handle them. The vendor's own code is in `providerCode`. If a vendor's code says more, `retryable` of an error can differ",
    "from this page.",
    "",
    ...sections,
  );
}

export function defaultsPage(page, table) {
  assertComplete(
    "tooling/docs/engine-pages.mjs: DEFAULT_ROWS",
    DEFAULT_ROWS.map(([, key]) => key),
    Object.keys(DEFAULTS),
  );
  const rows = DEFAULT_ROWS.map(([what, key, show, option]) => [what, show(DEFAULTS[key]), option]);
  return page(
    "Defaults of the engine",
    "The frozen constant `DEFAULTS` of `@anyqueue/core`. The options of a consumer override those of its definition.",
    "",
    table([["What", "Default", "Option"], ...rows]),
    "",
  );
}

function assertComplete(where, have, want) {
  const wrong = [...want.filter((key) => !have.includes(key)), ...have.filter((key) => !want.includes(key))];
  if (wrong.length > 0) throw new Error(`${where} and the constant differ in ${wrong.join(", ")}`);
}

function time(ms) {
  const [unit, length] = [
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1_000],
    ["ms", 1],
  ].find(([, size]) => ms % size === 0);
  return `${ms / length} ${unit}`;
}

function number(value) {
  return value.toLocaleString("en-US");
}

function mebibytes(value) {
  return `${value / 1_048_576} MiB`;
}
