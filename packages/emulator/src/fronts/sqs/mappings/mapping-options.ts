import { EmulatorError } from "../../../emulator-error.ts";

// Limits and defaults of event source mappings:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html (2026-11-29) and
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html (2026-11-29)

/** An event source mapping between a queue and a function, as in Lambda. */
export interface EventSourceMappingOptions {
  /** Name or ARN of the queue, which must exist. */
  readonly queue: string;
  /** @default "function" */
  readonly functionName?: string | undefined;
  /**
   * Maximum number of messages per event: 1 to 10; with a window up to 10,000; FIFO queues up to 10.
   * @default 10
   */
  readonly batchSize?: number | undefined;
  /** Maximum time to gather a batch, in seconds, 0 to 300; not on FIFO queues. @default 0 */
  readonly windowSeconds?: number | undefined;
  /**
   * True: `ReportBatchItemFailures`. False: any answer without an error deletes the whole batch.
   * @default false, as in Lambda
   */
  readonly reportBatchItemFailures?: boolean | undefined;
  /** Maximum number of concurrent events, 2 to 1,000. @default as many as environments ask for one */
  readonly maxConcurrency?: number | undefined;
  /**
   * The function's timeout in milliseconds, up to 900,000 and not above the queue's visibility timeout.
   * @default 3000
   */
  readonly functionTimeoutMs?: number | undefined;
}

/** The options with every default filled in. */
export type ResolvedMappingOptions = Required<{
  readonly [Name in Exclude<keyof EventSourceMappingOptions, "queue">]: NonNullable<
    EventSourceMappingOptions[Name]
  >;
}>;

const MAX_BATCH = 10_000;
const MAX_BATCH_WITHOUT_WINDOW = 10;
const MAX_WINDOW_SECONDS = 300;
const DEFAULT_TIMEOUT_MS = 3_000;
const MAX_TIMEOUT_MS = 900_000;

/** Properties of the queue that limit a mapping's options. */
export interface MappedQueue {
  /** True: a FIFO queue. */
  readonly isFifo: boolean;
  /** Of the queue, in milliseconds. */
  readonly visibilityTimeoutMs: number;
}

/** @throws INVALID_OPTION listing every problem, in the service's words where it has some */
export function resolveMapping(
  options: Omit<EventSourceMappingOptions, "queue">,
  queue: MappedQueue,
): ResolvedMappingOptions {
  const resolved: ResolvedMappingOptions = {
    functionName: options.functionName ?? "function",
    batchSize: options.batchSize ?? MAX_BATCH_WITHOUT_WINDOW,
    windowSeconds: options.windowSeconds ?? 0,
    reportBatchItemFailures: options.reportBatchItemFailures ?? false,
    maxConcurrency: options.maxConcurrency ?? Number.POSITIVE_INFINITY,
    functionTimeoutMs: options.functionTimeoutMs ?? DEFAULT_TIMEOUT_MS,
  };
  const problems = [...batchProblems(resolved, queue), ...timeProblems(resolved, queue)];
  if (problems.length > 0)
    throw new EmulatorError("INVALID_OPTION", `Event source mapping: ${problems.join(" ")}`);
  return Object.freeze(resolved);
}

function batchProblems(
  { batchSize, windowSeconds, maxConcurrency }: ResolvedMappingOptions,
  { isFifo }: MappedQueue,
): string[] {
  const problems: string[] = [];
  if (!isWhole(batchSize, 1, MAX_BATCH))
    problems.push(`batchSize must be 1 to ${MAX_BATCH}, got ${batchSize}.`);
  if (!isWhole(windowSeconds, 0, MAX_WINDOW_SECONDS))
    problems.push(`windowSeconds must be 0 to ${MAX_WINDOW_SECONDS}, got ${windowSeconds}.`);
  if (maxConcurrency !== Number.POSITIVE_INFINITY && !isWhole(maxConcurrency, 2, 1_000))
    problems.push(`maxConcurrency must be 2 to 1000, got ${maxConcurrency}.`);
  if (isFifo && windowSeconds > 0) problems.push("A FIFO queue has no batching window.");
  if (batchSize <= MAX_BATCH_WITHOUT_WINDOW) return problems;
  if (isFifo) problems.push(`batchSize of a FIFO queue is at most ${MAX_BATCH_WITHOUT_WINDOW}.`);
  else if (windowSeconds < 1) problems.push("A batchSize above 10 needs windowSeconds of at least 1.");
  return problems;
}

function timeProblems(
  { functionTimeoutMs }: ResolvedMappingOptions,
  { visibilityTimeoutMs }: MappedQueue,
): string[] {
  if (!isWhole(functionTimeoutMs, 1, MAX_TIMEOUT_MS))
    return [`functionTimeoutMs must be 1 to ${MAX_TIMEOUT_MS}, got ${functionTimeoutMs}.`];
  if (visibilityTimeoutMs >= functionTimeoutMs) return [];
  const seconds = visibilityTimeoutMs / 1_000;
  return [
    `Queue visibility timeout: ${seconds} seconds is less than Function timeout: ${functionTimeoutMs / 1_000} seconds.`,
  ];
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}
