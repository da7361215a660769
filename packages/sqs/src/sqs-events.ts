import type { EventSource } from "@anyqueue/core";
import {
  HandBacks,
  QueueError,
  suggest,
  systemClock,
  type Delivery,
  type EventBatch,
  type Outcome,
  type Target,
} from "@anyqueue/core/adapter";
import {
  decodeEvent,
  type QueueArn,
  type LambdaContext,
  type SqsBatchResponse,
  type SqsCalls,
  type SqsEvent,
  type SqsSettling,
} from "./lambda-wire.ts";
import { invalid } from "./refusal.ts";
import { FIFO_CAPABILITIES, SQS_LIMITS, STANDARD_CAPABILITIES } from "./sqs-limits.ts";
import type { SqsHandle } from "./sqs-wire.ts";

/** Options of {@link sqsEvents}: how the function answers its mapping, and what else its role may do. */
export interface SqsEventsOptions {
  /**
   * `"partial"`: the answer lists the messages that failed, and Lambda deletes the others. The mapping must
   * have `ReportBatchItemFailures` among its `FunctionResponseTypes`: without it Lambda deletes the listed
   * ones, too, and they are lost. `"throw"`: for a mapping without it. One failed message fails the whole
   * event, and everything comes again. @default "partial"
   * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html (2026-11-29)
   */
  readonly mode?: "partial" | "throw" | undefined;
  /**
   * For FIFO queues: which messages are not started after a failure. `"group"`: the later messages of its
   * group. `"batch"`: all later messages of the event. They are reported as failed, too, because a later
   * message must not be deleted before an earlier one; this is no attempt for them. @default "group"
   */
  readonly fifoFailureScope?: "group" | "batch" | undefined;
  /**
   * The calls that the function may make to SQS itself, made by `sqsCalls` of `@anyqueue/sqs`. Without it no
   * SDK is needed: a failed message comes again when the queue's visibility timeout ends, and dead letters
   * are left to the queue's redrive policy. @default none
   */
  readonly calls?: SqsCalls | undefined;
}

type SqsSource = EventSource<[event: SqsEvent, context?: LambdaContext], SqsBatchResponse, SqsHandle>;

/**
 * The events of an SQS event source mapping of AWS Lambda, for `createHandler`. The queue may be standard or
 * FIFO. The function answers with the messages that failed, and keeps to the time that Lambda says it has
 * left.
 *
 * @example
 * export const handler = createHandler(orders, sqsEvents(), async ({ body }) => {
 *   console.log(body.orderId);
 * });
 *
 * @throws INVALID_ARGUMENT with every problem of the options
 */
export function sqsEvents(options: SqsEventsOptions = {}): SqsSource {
  checkOptions(options);
  const { mode = "partial", fifoFailureScope = "group", calls } = options;
  const handBacks = new HandBacks();
  return Object.freeze({
    receive: (event: SqsEvent, context?: LambdaContext) => {
      const { deliveries, source } = decodeEvent(event, systemClock.now(), handBacks);
      const target = targetOf(deliveries, source);
      const isTimed = typeof context?.getRemainingTimeInMillis === "function";
      const remainingMs = (): number => context?.getRemainingTimeInMillis() ?? 0;
      return {
        deliveries,
        target,
        ...(isTimed && { remainingMs }),
        ...(isFifo(target) && fifoFailureScope === "batch" && { failureScope: "batch" as const }),
        ...(calls !== undefined &&
          deliveries.length > 0 &&
          heldToTheEnd(calls.of(source?.arn, deliveries), isTimed ? remainingMs : () => 0)),
      };
    },
    reply: (outcomes: readonly Outcome[], batch: EventBatch<SqsHandle>) => {
      const failures = failuresOf(outcomes, batch.deliveries);
      for (const { itemIdentifier, isUnstarted } of failures) if (isUnstarted) handBacks.add(itemIdentifier);
      if (mode === "throw" && failures.length > 0) throw refusedBatch(failures, batch);
      return { batchItemFailures: failures.map(({ itemIdentifier }) => ({ itemIdentifier })) };
    },
  });
}

/**
 * Lambda deletes a handled message only after the call has ended. An extension that ended before would shorten
 * the queue's own visibility timeout, and the message would come again although it was handled.
 */
function heldToTheEnd({ adapter, settle }: SqsSettling, remainingMs: () => number): SqsSettling {
  const { extendBatch } = settle;
  if (extendBatch === undefined) return { adapter, settle };
  const extendLonger: typeof extendBatch = async (items, signal) => {
    const leastMs = remainingMs() + DELETE_WITHIN_MS;
    const longer = items.map(({ handle, leaseMs }) => ({ handle, leaseMs: Math.max(leaseMs, leastMs) }));
    return await extendBatch(longer, signal);
  };
  return { adapter, settle: { ...settle, extendBatch: extendLonger } };
}

/** Time for Lambda to delete what was handled, after the call has ended. */
const DELETE_WITHIN_MS = 30_000;

function targetOf(deliveries: readonly Delivery<SqsHandle>[], source: QueueArn | undefined): Target {
  const name = source?.name ?? "unknown";
  // Only FIFO queues have groups that order their messages.
  const isOrdered = name.endsWith(".fifo") || deliveries.some(({ orderingKey }) => orderingKey !== undefined);
  return {
    name: `sqs://${source?.region ?? ""}/${name}`,
    entity: name,
    ref: { kind: "queue", name, exact: true, features: [] },
    capabilities: isOrdered ? FIFO_CAPABILITIES : STANDARD_CAPABILITIES,
    limits: SQS_LIMITS,
  };
}

function isFifo({ capabilities }: Target): boolean {
  return capabilities.ordering === "by-key";
}

interface Failure {
  readonly itemIdentifier: string;
  /** True: no handler failed on the message, so it keeps its attempts. */
  readonly isUnstarted: boolean;
  readonly error: unknown;
}

/** A message that is neither handled nor in the dead-letter queue stays in its queue. */
function failuresOf(
  outcomes: readonly Outcome[],
  deliveries: readonly Delivery<SqsHandle>[],
): readonly Failure[] {
  return deliveries.flatMap(({ providerId }, index) => {
    const outcome = outcomes[index];
    if (outcome !== undefined && outcome.kind !== "release") return [];
    const isUnstarted = outcome?.cause !== "retry";
    return [{ itemIdentifier: providerId, isUnstarted, error: outcome?.error }];
  });
}

function refusedBatch(
  failures: readonly Failure[],
  { deliveries, target }: EventBatch<SqsHandle>,
): QueueError {
  const errors = failures.flatMap(({ error }) => (error === undefined ? [] : [error]));
  return new QueueError("UNAVAILABLE", {
    what: `${failures.length} of ${deliveries.length} messages were not handled, so the whole event is refused and comes again`,
    remedy: 'Add ReportBatchItemFailures to the mapping and use mode "partial": then only these come again.',
    provider: "sqs",
    target: target?.name,
    cause: new AggregateError(errors, `${errors.length} handlers failed`),
  });
}

const OPTIONS = ["mode", "fifoFailureScope", "calls"];

function checkOptions(options: SqsEventsOptions): void {
  if (typeof options !== "object" || options === null)
    throw invalid("sqsEvents(): expected an object of options", "Write sqsEvents() or sqsEvents({ … }).");
  const { mode, fifoFailureScope, calls } = options;
  const problems = Object.keys(options)
    .filter((key) => !OPTIONS.includes(key))
    .map((key) => unknownOption(key));
  if (![undefined, "partial", "throw"].includes(mode)) problems.push('mode: expected "partial" or "throw"');
  if (![undefined, "group", "batch"].includes(fifoFailureScope))
    problems.push('fifoFailureScope: expected "group" or "batch"');
  if (calls !== undefined && typeof calls?.of !== "function")
    problems.push("calls: expected what sqsCalls() returns");
  if (problems.length > 0)
    throw invalid(
      `sqsEvents(): ${problems.join("; ")}`,
      "Correct the options; every problem found is listed.",
    );
}

function unknownOption(key: string): string {
  const meant = suggest(key, OPTIONS);
  return `unknown option ${JSON.stringify(key)} (${meant === undefined ? `known: ${OPTIONS.join(", ")}` : `did you mean "${meant}"?`})`;
}
