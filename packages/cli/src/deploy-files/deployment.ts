import { parseDuration, type Duration } from "@anyqueue/core";
import type { DefinitionDetails } from "@anyqueue/core/testing";
import { UsageError } from "../usage-error.ts";
import { nameProblems, type EntityNames } from "./entity-names.ts";

export type Runtime = "lambda" | "azure-functions" | "cloud-run";

/** How the function should run; all times are in seconds. */
export interface FunctionSettings {
  readonly runtime: Runtime;
  /** Timeout of the function. */
  readonly timeoutS: number;
  /** Parallel calls; of all instances together where the platform can limit that. */
  readonly concurrency: number;
  /** Messages per call. */
  readonly batchSize: number;
  /** How long a call waits for more messages. */
  readonly windowS: number;
}

/** Everything that the files are made from. */
export interface Deployment extends FunctionSettings {
  readonly names: EntityNames;
  /** Name for resources inside the files: `Orders`. */
  readonly id: string;
  /** The same in lower case: `orders`. */
  readonly label: string;
  readonly isOrdered: boolean;
  readonly isDeduplicated: boolean;
  /** Deliveries after which the service itself dead-letters. */
  readonly maxDeliveries: number;
  /** Shortest and longest wait before a retry, where the service has such a policy. */
  readonly minRetryS: number;
  readonly maxRetryS: number;
}

/** The engine keeps the last second free, so with less nothing would start. A push has 10 seconds at least. */
const MIN_TIMEOUT_S = { lambda: 2, "azure-functions": 2, "cloud-run": 1 } as const;
/** Lambda: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (2026-11-29) */
const MAX_LAMBDA_S = 900;
/** The longest ack deadline of a push. https://cloud.google.com/pubsub/docs/push (2026-11-29) */
const MAX_PUSH_S = 600;
/** Dedicated plans: none. https://learn.microsoft.com/azure/azure-functions/functions-scale (2026-11-29) */
const MAX_FUNCTIONS_S = 86_400;
/** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html (2026-11-29) */
const LAMBDA_CONCURRENCY = { min: 2, max: 1_000 };
/**
 * Neither has a limit of its own, but both store 32 bits: nobody means a larger number.
 * https://docs.cloud.google.com/run/quotas,
 * https://learn.microsoft.com/azure/azure-functions/functions-bindings-service-bus (2026-11-30)
 */
const MAX_CONCURRENCY = 2_147_483_647;
const MAX_FIFO_BATCH = 10;
const MAX_BATCH = { lambda: 10_000, "azure-functions": 1_000, "cloud-run": 1 } as const;
const MAX_WINDOW_S = 300;
const MIN_RETRY_S = 1;
const MAX_RETRY_S = 300;
const DEFAULT_ATTEMPTS = 5;
/** Each try of a failing FIFO message also counts for its followers in SQS. */
const FIFO_FACTOR = 10;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html,
 *  https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas,
 *  https://cloud.google.com/pubsub/docs/handling-failures (2026-11-29) */
const MAX_DELIVERIES = {
  lambda: { min: 1, max: 1_000 },
  "azure-functions": { min: 1, max: 2_000 },
  "cloud-run": { min: 5, max: 100 },
} as const;

/** @throws UsageError with every problem of the request */
export function deploymentOf(
  details: DefinitionDetails,
  names: EntityNames,
  settings: FunctionSettings,
): Deployment {
  const isOrdered = details.needs.includes("ordering");
  const isDeduplicated = details.needs.includes("deduplication");
  const problems = [
    ...settingsProblems(settings, isOrdered || isDeduplicated),
    ...needsProblems(details, settings.runtime),
    ...nameProblems(names, settings.runtime),
  ];
  if (problems.length > 0) throw new UsageError(`anyqueue deploy-files: ${problems.join("; ")}.`);
  const words = (details.topic === undefined ? [details.name] : [details.topic, details.name]).join("-");
  return {
    ...settings,
    names,
    id: pascal(words),
    label: labelOf(words),
    isOrdered,
    isDeduplicated,
    maxDeliveries: maxDeliveriesOf(details, settings.runtime, isOrdered),
    ...retryTimes(details),
  };
}

function settingsProblems(settings: FunctionSettings, isFifo: boolean): readonly string[] {
  const { runtime, timeoutS, concurrency, batchSize, windowS } = settings;
  const maxTimeoutS = { lambda: MAX_LAMBDA_S, "azure-functions": MAX_FUNCTIONS_S, "cloud-run": MAX_PUSH_S }[
    runtime
  ];
  const isFifoLambda = runtime === "lambda" && isFifo;
  const maxBatch = isFifoLambda ? MAX_FIFO_BATCH : MAX_BATCH[runtime];
  const problems: string[] = [];
  if (timeoutS < MIN_TIMEOUT_S[runtime] || timeoutS > maxTimeoutS)
    problems.push(
      `--function-timeout: expected ${MIN_TIMEOUT_S[runtime]}s to ${maxTimeoutS}s for ${runtime}, got ${timeoutS}s`,
    );
  if (runtime === "lambda" && (concurrency < LAMBDA_CONCURRENCY.min || concurrency > LAMBDA_CONCURRENCY.max))
    problems.push(`--concurrency: a mapping takes 2 to 1000, got ${concurrency}`);
  if (runtime !== "lambda" && concurrency > MAX_CONCURRENCY)
    problems.push(`--concurrency: ${runtime} takes ${MAX_CONCURRENCY} at most, got ${concurrency}`);
  if (batchSize > maxBatch)
    problems.push(
      `--batch-size: ${runtime} brings ${maxBatch} at most${isFifoLambda ? " of a FIFO queue" : ""}, got ${batchSize}`,
    );
  if (windowS > 0 && runtime !== "lambda") problems.push(`--window: ${runtime} has none`);
  if (windowS > 0 && isFifoLambda) problems.push("--window: a FIFO queue has none");
  if (windowS > MAX_WINDOW_S) problems.push(`--window: expected up to ${MAX_WINDOW_S}s, got ${windowS}s`);
  if (runtime === "lambda" && batchSize > MAX_FIFO_BATCH && windowS < 1)
    problems.push("--batch-size: more than 10 messages need --window 1s or longer");
  return problems;
}

function needsProblems(
  { kind, name, needs, policy }: DefinitionDetails,
  runtime: Runtime,
): readonly string[] {
  const problems: string[] = [];
  const attempts = attemptsOf(policy);
  const { max } = MAX_DELIVERIES[runtime];
  if (attempts !== "unlimited" && attempts > max)
    problems.push(
      `${name} has ${attempts} attempts, but the service dead-letters after ${max} deliveries at most`,
    );
  if (kind === "topic" || kind === "dead-letter")
    problems.push(`${name} is a ${kind}, which no function consumes: name a queue or a subscription`);
  if (kind === "subscription" && runtime === "lambda")
    problems.push(`${name} is a subscription, and Amazon SQS has no topics`);
  if (runtime === "cloud-run" && needs.includes("deduplication"))
    problems.push(`${name} needs deduplication, which Pub/Sub does not have`);
  return problems;
}

/** As in `client.admin.create`: the engine's own attempts come first, this is the safety net. */
function maxDeliveriesOf({ policy }: DefinitionDetails, runtime: Runtime, isOrdered: boolean): number {
  const { min, max } = MAX_DELIVERIES[runtime];
  const attempts = attemptsOf(policy);
  if (attempts === "unlimited") return max;
  const factor = runtime === "lambda" && isOrdered ? FIFO_FACTOR : 2;
  return Math.min(max, Math.max(min, attempts * factor, attempts + 5));
}

/** A message that should stay in its queue is moved as late as the service allows. */
function attemptsOf({ retry, deadLetter }: DefinitionDetails["policy"]): number | "unlimited" {
  return deadLetter === "none" ? "unlimited" : (retry?.attempts ?? DEFAULT_ATTEMPTS);
}

function retryTimes({ policy }: DefinitionDetails): Pick<Deployment, "minRetryS" | "maxRetryS"> {
  const delay = policy.retry?.delay;
  const fixedS = typeof delay === "string" ? secondsOf(delay) : undefined;
  return { minRetryS: fixedS ?? MIN_RETRY_S, maxRetryS: fixedS ?? MAX_RETRY_S };
}

const UNIT_S: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3_600, d: 86_400 };

/** Rounded up, because longer is safe. */
export function secondsOf(duration: Duration): number {
  const [, count = "", unit = ""] = /^([\d.]+)([a-z]+)$/.exec(parseDuration(duration)) ?? [];
  return Math.ceil(Number(count) * (UNIT_S[unit] ?? Number.NaN));
}

/** No name in these files starts with a digit. */
function labelOf(words: string): string {
  const label = words.replaceAll(/[^A-Za-z0-9]+/g, "_").toLowerCase();
  return /^\d/.test(label) ? `queue_${label}` : label;
}

function pascal(words: string): string {
  return words
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}
