import { durationToMs, isQueueError, type Duration } from "@anyqueue/core/adapter";

/** How `client.admin.create` makes subscriptions, in addition to what a definition says. */
export interface ProvisioningOptions {
  /**
   * True: acks are confirmed, and nothing is delivered a second time while its lease lasts or after its ack
   * was confirmed. Costs throughput, and a request for each delivery.
   * @default false
   */
  readonly exactlyOnce?: boolean | undefined;
  /**
   * The service's own back-off after a message is given back or its lease runs out, "0s" to "600s". If its
   * `min` covers the delay of a retry, waiting messages take no room on a consumer's stream.
   * @default none: delivered again at once
   */
  readonly retryPolicy?: { readonly min: Duration; readonly max: Duration } | undefined;
  /**
   * Filters of new subscriptions on message attributes, by the name of the definition, up to 256 bytes each:
   * `{ invoices: 'attributes.kind = "invoice"' }`. A filter cannot be changed later.
   * @default none: everything passes
   */
  readonly filters?: Readonly<Record<string, string>> | undefined;
  /**
   * How long messages are kept, even after they were acknowledged, "10m" to "31d", so that
   * `client.admin.seek` can bring them back. The storage is billed.
   * @default none: what is acknowledged is gone
   */
  readonly replay?: Duration | undefined;
}

/** The checked options. */
export interface Provisioning {
  readonly isExactlyOnce: boolean;
  readonly retryPolicy: { readonly minMs: number; readonly maxMs: number } | undefined;
  readonly filters: ReadonlyMap<string, string>;
  readonly replayMs: number | undefined;
}

/** Longest backoff, longest filter. https://cloud.google.com/pubsub/quotas#resource_limits (2026-11-29) */
const MAX_BACKOFF_MS = 600_000;
const MAX_FILTER_BYTES = 256;
/** Retention of a subscription. https://cloud.google.com/pubsub/docs/subscription-properties (2026-11-29) */
const MIN_REPLAY_MS = 600_000;
const MAX_REPLAY_MS = 2_678_400_000;
const KEYS = ["exactlyOnce", "retryPolicy", "filters", "replay"];

/** Checks the options and adds every problem to `problems`. */
export function checkProvisioning(options: ProvisioningOptions = {}, problems: string[]): Provisioning {
  if (typeof options !== "object" || options === null) {
    problems.push("`provisioning` is not an object");
    return NOTHING;
  }
  const { exactlyOnce = false, retryPolicy } = options;
  const filters = checkFilters(options.filters, problems);
  const unknown = Object.keys(options).filter((key) => !KEYS.includes(key));
  problems.push(...unknown.map((key) => `unknown option provisioning.${key} (known: ${KEYS.join(", ")})`));
  if (typeof exactlyOnce !== "boolean") problems.push("`provisioning.exactlyOnce` must be true or false");
  return {
    isExactlyOnce: exactlyOnce,
    retryPolicy: retryPolicy === undefined ? undefined : backoff(retryPolicy, problems),
    filters: new Map(Object.entries(filters)),
    replayMs: options.replay === undefined ? undefined : replayOf(options.replay, problems),
  };
}

function replayOf(replay: Duration, problems: string[]): number | undefined {
  try {
    const ms = durationToMs(replay, "provisioning.replay");
    if (ms >= MIN_REPLAY_MS && ms <= MAX_REPLAY_MS) return ms;
    problems.push("`provisioning.replay`: expected 10m to 31d");
  } catch (error) {
    problems.push(isQueueError(error) ? error.message : String(error));
  }
  return undefined;
}

function checkFilters(
  filters: ProvisioningOptions["filters"] = {},
  problems: string[],
): Readonly<Record<string, string>> {
  if (typeof filters !== "object" || filters === null) {
    problems.push("`provisioning.filters` is not a record of texts");
    return {};
  }
  for (const [name, filter] of Object.entries(filters)) {
    const isFilter =
      typeof filter === "string" && filter !== "" && Buffer.byteLength(filter) <= MAX_FILTER_BYTES;
    if (!isFilter)
      problems.push(`provisioning.filters.${name} is not a filter of 1 to ${MAX_FILTER_BYTES} bytes`);
  }
  return filters;
}

function backoff(
  policy: NonNullable<ProvisioningOptions["retryPolicy"]>,
  problems: string[],
): Provisioning["retryPolicy"] {
  if (typeof policy !== "object" || policy === null) {
    problems.push("`provisioning.retryPolicy` is not an object");
    return undefined;
  }
  const { min, max, ...others } = policy;
  const unknown = Object.keys(others);
  problems.push(...unknown.map((key) => `unknown option provisioning.retryPolicy.${key} (known: min, max)`));
  try {
    const minMs = durationToMs(min, "provisioning.retryPolicy.min");
    const maxMs = durationToMs(max, "provisioning.retryPolicy.max");
    if (minMs <= maxMs && maxMs <= MAX_BACKOFF_MS) return { minMs, maxMs };
    problems.push("`provisioning.retryPolicy`: expected min up to max, and max up to 600s");
  } catch (error) {
    problems.push(isQueueError(error) ? error.message : String(error));
  }
  return undefined;
}

const NOTHING: Provisioning = {
  isExactlyOnce: false,
  retryPolicy: undefined,
  filters: new Map(),
  replayMs: undefined,
};
