import type { Delivery } from "../driver/delivery.ts";
import { asRecord } from "../errors/check-options.ts";
import type { QueueError } from "../errors/queue-error.ts";
import { wrapDriverError } from "../errors/wrap-error.ts";
import { sorted } from "./check-deliveries.ts";
import type { Capabilities, NativeDelay } from "../driver/capabilities.ts";
import type { ConsumerDriver, ErrorClass, ItemResult, QueueAdapter } from "../driver/driver.ts";
import type { Target } from "../driver/entity.ts";
import type { EventBatch } from "../driver/event-source.ts";
import type { Limits, OperationLimits } from "../driver/limits.ts";
import type { DefinitionDetails } from "../message/queue-definition.ts";
import { routeToNowhere, type DeadLetterRoute } from "./dead-letter.ts";
import { DEFAULTS } from "../client/defaults.ts";
import type { OpenedConsumer } from "./open-consumer.ts";
import type { ConsumerSettings } from "./resolve-options.ts";

/** A batch as the engine sees it: a driver that fetches nothing, and settles what the source can settle. */
function openBatch(
  details: DefinitionDetails,
  settings: ConsumerSettings,
  batch: EventBatch,
): OpenedConsumer {
  const { settle = {} } = batch;
  const target = batch.target ?? nameOnly(details);
  return {
    target: { ...target, capabilities: { ...target.capabilities, ...abilities(batch) } },
    driver: settleOnly(settle),
    route: routeOf(details, settings, batch),
    retries: undefined,
    leaseMs: settings.leaseMs ?? DEFAULTS.leaseMs,
  };
}

export interface CheckedBatch {
  readonly opened: OpenedConsumer;
  /** Those that can be taken in hand. */
  readonly deliveries: readonly Delivery<unknown>[];
  /** What is wrong with the others: they come again, and the rest of the batch is handled. */
  readonly error: QueueError | undefined;
}

/**
 * Opens what a source gave, as far as it keeps to the contract. In a batch that fails as a whole, nothing
 * behind a wrong delivery is handled.
 * @throws INTERNAL for a batch that has no list of deliveries
 */
export function checkedBatch(
  details: DefinitionDetails,
  settings: ConsumerSettings,
  batch: EventBatch,
): CheckedBatch {
  const { adapter, target, deliveries: given, failureScope }: Partial<EventBatch> = asRecord(batch);
  const toError = (fault: unknown): QueueError =>
    wrapDriverError(adapter ?? UNNAMED_ADAPTER, target ?? nameOnly(details), "receive", fault);
  try {
    const { deliveries, fault } = sorted(given);
    if (fault !== undefined && !Array.isArray(given)) throw fault;
    const opened = openBatch(details, settings, batch);
    if (fault === undefined) return { opened, deliveries, error: undefined };
    const first = given?.findIndex((delivery) => !deliveries.includes(delivery));
    return {
      opened,
      deliveries: failureScope === "batch" ? deliveries.slice(0, first) : deliveries,
      error: toError(fault),
    };
  } catch (error) {
    throw toError(error);
  }
}

/** Classifies the errors of `settle` where the source names no adapter: the platform stands in for it. */
export const UNNAMED_ADAPTER: Pick<QueueAdapter, "name" | "classify"> = Object.freeze({
  name: "event",
  classify: (): ErrorClass => ({ code: "INTERNAL", retryable: false, ambiguous: true }),
});

type Settle = NonNullable<EventBatch["settle"]>;

/** The platform holds the lease, takes back what is not acked, and waits for a delay itself if it can. */
function abilities({ settle = {}, releaseDelay = ANY_DELAY }: EventBatch): Partial<Capabilities> {
  return {
    lease: settle.extendBatch === undefined ? "none" : "timed",
    leaseSetBy: "entity",
    release: "native",
    releaseDelay,
    deadLetter: settle.deadLetterBatch === undefined ? "none" : "native",
    followers: "release",
  };
}

const ANY_DELAY: NativeDelay = Object.freeze({ maxMs: Infinity });

function settleOnly(settle: Settle): ConsumerDriver<unknown> {
  const { extendBatch, deadLetterBatch } = settle;
  return {
    receiveBatch: async () => [],
    ackBatch: async (handles, signal) =>
      (await settle.ackBatch?.(handles, signal)) ?? handles.map(() => LEFT_TO_REPLY),
    releaseBatch: async (items, signal) =>
      (await settle.releaseBatch?.(items, signal)) ?? items.map(() => LEFT_TO_REPLY),
    ...(extendBatch !== undefined && {
      extendBatch: async (items, signal) => await extendBatch.call(settle, items, signal),
    }),
    ...(deadLetterBatch !== undefined && {
      deadLetterBatch: async (items, signal) => await deadLetterBatch.call(settle, items, signal),
    }),
    close: async () => {},
  };
}

const LEFT_TO_REPLY: ItemResult = Object.freeze({ ok: true, value: undefined });

function routeOf(
  details: DefinitionDetails,
  settings: ConsumerSettings,
  { settle = {}, releaseDelay }: EventBatch,
): DeadLetterRoute {
  const nowhere = routeToNowhere(details, settings);
  if (nowhere !== undefined) return nowhere;
  if (settle.deadLetterBatch !== undefined) return { kind: "native" };
  return {
    kind: "none",
    why: "this event source cannot move a message: only the queue's own policy does",
    remedy: "Give the event source `calls`.",
    // Waiting here would cost the function's time without bringing that moment nearer.
    ...(releaseDelay === "none" && { retryMs: 0 }),
  };
}

/** The target of a source that does not describe its own. */
function nameOnly(details: DefinitionDetails): Target {
  const { name, needs, topic } = details;
  const kind = details.kind;
  return {
    name: `event:${topic === undefined ? name : `${topic}/${name}`}`,
    entity: name,
    ref: { kind, name, features: needs, ...(topic === undefined ? {} : { topic }) },
    capabilities: UNKNOWN_CAPABILITIES,
    limits: UNLIMITED,
  };
}

const UNKNOWN_CAPABILITIES: Capabilities = Object.freeze({
  ordering: "by-key",
  deduplication: "none",
  sendDelay: "none",
  releaseDelay: "none",
  lease: "none",
  leaseSetBy: "entity",
  release: "native",
  deadLetter: "none",
  deliveryCount: "approximate",
  settle: "accepted",
  abort: "clean",
  followers: "release",
  isolation: "free",
  batchFailure: "per-item",
  batchKey: "mixed",
  ttl: false,
  peek: false,
  cancel: false,
  filter: false,
  exactlyOnceAck: false,
});

const ANY = Number.MAX_SAFE_INTEGER;
const OPERATION: OperationLimits = Object.freeze({ maxItems: ANY, maxInFlight: 1 });
const KEY = Object.freeze({ maxLength: ANY });

const UNLIMITED: Limits = Object.freeze({
  maxMessageBytes: ANY,
  send: { ...OPERATION, maxBytes: ANY, overheadBytes: 0 },
  receive: { maxItems: ANY, maxWaitMs: 0, parallel: 1, billed: false },
  ack: OPERATION,
  release: OPERATION,
  extend: OPERATION,
  deadLetter: OPERATION,
  lease: { minMs: 0, maxMs: ANY, totalMs: Infinity },
  attributes: {
    maxCount: ANY,
    maxNameBytes: ANY,
    maxValueBytes: ANY,
    reservedPrefixes: [],
    emptyValues: true,
  },
  orderingKey: KEY,
  deduplicationId: KEY,
});
