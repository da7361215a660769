import type { EventSource } from "@anyqueue/core";
import {
  durationToMs,
  HandBacks,
  orAborted,
  QueueError,
  suggest,
  systemClock,
  type Clock,
  type Delivery,
  type Duration,
  type EventBatch,
  type Outcome,
  type Target,
} from "@anyqueue/core/adapter";
import { decodeInvocation } from "./decode-invocation.ts";
import { rememberActions } from "./functions-actions.ts";
import { noticesOf } from "./functions-notices.ts";
import { isSettled, sdkSettling } from "./functions-settling.ts";
import type { FunctionsContext, FunctionsHandle, Invocation, ServiceBusCalls } from "./functions-wire.ts";
import { invalid, PROVIDER } from "./refusal.ts";
import { capabilitiesOf, SERVICE_BUS_LIMITS } from "./service-bus-limits.ts";

/** Options of {@link functionsEvents}: how the function is called, and what else it may do. */
export interface FunctionsEventsOptions {
  /**
   * Whether a call brings one message or several. If set, it must match the trigger, which is refused
   * otherwise. With the default binding, one failed message of `"many"` brings all of them back.
   * @default what the trigger says
   */
  readonly cardinality?: "one" | "many" | undefined;
  /**
   * `functionTimeout` of host.json, which the host does not pass on. Shortly before it ends, no message
   * starts any more, signals abort, and unfinished messages are released.
   * @default none: the host kills a function that runs too long
   */
  readonly functionTimeout?: Duration | undefined;
  /**
   * `LockDuration` of the entity, "5s" to "5m", which the host does not pass on. The host renews locks only
   * for cardinality `"one"`. With this option, those of `"many"` are renewed (SDK binding) or known to be
   * lost (default binding). @default not known
   */
  readonly lockDuration?: Duration | undefined;
  /**
   * Lets the function call Service Bus itself; made by `serviceBusCalls` of `@anyqueue/service-bus`. The SDK
   * binding does not need it. Without it, the default binding leaves dead letters to the queue's
   * MaxDeliveryCount.
   * @default none
   */
  readonly calls?: ServiceBusCalls | undefined;
  /** Measures `functionTimeout`; for tests. @default the machine's */
  readonly clock?: Pick<Clock, "now"> | undefined;
}

type FunctionsSource = EventSource<[message: unknown, context: FunctionsContext], void, FunctionsHandle>;

/**
 * Event source for a Service Bus trigger of Azure Functions, of a queue or a topic, for `createHandler`. With
 * the default binding, the end of the function settles all messages of a call alike: returning completes
 * them, throwing releases them. With the SDK binding (`sdkBinding: true` at the trigger, and
 * `@azure/functions-extensions-servicebus` imported), each message is settled separately.
 *
 * @example
 * app.serviceBusQueue("orders", {
 *   connection: "SERVICE_BUS",
 *   queueName: "orders",
 *   handler: createHandler(orders, functionsEvents({ functionTimeout: "5m" }), onOrder),
 * });
 *
 * @throws INVALID_ARGUMENT with every problem of the options
 */
export function functionsEvents(options: FunctionsEventsOptions = {}): FunctionsSource {
  checkOptions(options);
  const { calls, clock = systemClock, cardinality } = options;
  const timeoutMs = msOf(options.functionTimeout, "functionTimeout");
  const lockMs = msOf(options.lockDuration, "lockDuration");
  const handBacks = new HandBacks();
  const told = new Set<string>();
  const dialect = { wrapsTexts: false };
  return Object.freeze({
    receive: (message: unknown, context: FunctionsContext) => {
      const endsAtMs = clock.now() + (timeoutMs ?? 0);
      const invocation = decodeInvocation(message, context, { cardinality, handBacks, lockMs });
      const { deliveries, actions } = invocation;
      for (const { handle } of deliveries) rememberActions(handle);
      const notices = noticesOf(invocation, { hasCalls: calls !== undefined, hasLock: lockMs !== undefined });
      warnOnce(notices, told, context);
      const canLeave = !invocation.trigger.autoCompletes;
      return {
        deliveries,
        notices,
        target: targetOf(invocation),
        // An abandoned message is visible again at once. While the function runs, its lock is kept instead.
        releaseDelay: "none" as const,
        ...(timeoutMs !== undefined && { remainingMs: () => endsAtMs - clock.now() }),
        ...(actions === undefined ? calls?.of(deliveries) : sdkSettling({ canLeave, lockMs, dialect })),
      };
    },
    reply: async (outcomes: readonly Outcome[], { deliveries, remainingMs }: EventBatch<FunctionsHandle>) => {
      if (deliveries[0]?.handle.sdk === undefined) {
        replyByEnd(outcomes, deliveries, handBacks);
        return;
      }
      const left = await releaseSession(deliveries, remainingMs?.() ?? RELEASE_WITHIN_MS);
      replyByActions(outcomes, deliveries, handBacks, left);
    },
  });
}

/** Returning completes all messages of the call, throwing releases all of them. */
function replyByEnd(
  outcomes: readonly Outcome[],
  deliveries: readonly Delivery<FunctionsHandle>[],
  handBacks: HandBacks,
): void {
  const failures = outcomes.filter((outcome) => outcome.kind === "release");
  if (failures.length === 0 && outcomes.length === deliveries.length) return;
  countHandBacks(outcomes, deliveries, handBacks);
  throw failureOf(failures, deliveries);
}

/** The longest time that the release of a session may take. */
const RELEASE_WITHIN_MS = 5_000;

/** Throws if a message is unsettled, so that the host releases it: after a return the host completes it. */
function replyByActions(
  outcomes: readonly Outcome[],
  deliveries: readonly Delivery<FunctionsHandle>[],
  handBacks: HandBacks,
  left: readonly FunctionsHandle[],
): void {
  countHandBacks(outcomes, deliveries, handBacks, ({ handle }) => !left.includes(handle));
  const open = outcomes.filter((_, index) => {
    const handle = deliveries[index]?.handle;
    return handle === undefined || !isSettled(handle);
  });
  if (open.length > 0) throw failureOf(open, deliveries);
}

/** Releases unstarted messages with their session, uncounted. If that fails, the host releases them. */
async function releaseSession(
  deliveries: readonly Delivery<FunctionsHandle>[],
  withinMs: number,
): Promise<readonly FunctionsHandle[]> {
  const left = deliveries.flatMap(({ handle }) => (handle.settledAs === "left" ? [handle] : []));
  const [first] = left;
  if (first?.sdk === undefined || first.sessionId === undefined) return [];
  // The host's answer has no time limit of its own.
  const end = new AbortController();
  const timer = systemClock.setTimer(() => end.abort(), Math.min(withinMs, RELEASE_WITHIN_MS), true);
  try {
    // All messages of a call are of one session.
    const work = first.sdk.actions.releaseSession(first.sessionId);
    await orAborted(work, end.signal, () => end.signal.throwIfAborted());
    return left;
  } catch {
    for (const handle of left) handle.settledAs = undefined;
    return [];
  } finally {
    timer.cancel();
  }
}

/** A message that no handler failed on keeps its attempts, although the service counts a delivery. */
function countHandBacks(
  outcomes: readonly Outcome[],
  deliveries: readonly Delivery<FunctionsHandle>[],
  handBacks: HandBacks,
  isCounted: (delivery: Delivery<FunctionsHandle>) => boolean = () => true,
): void {
  for (const [index, delivery] of deliveries.entries()) {
    const outcome = outcomes[index];
    const isUnstarted = outcome?.kind === "release" && outcome.cause === "unstarted";
    if (isUnstarted && isCounted(delivery)) handBacks.add(delivery.handle.countedAs);
  }
}

/** Returns the handler's own error if there is only one message: the host shows what a function throws. */
function failureOf(failures: readonly Outcome[], deliveries: readonly Delivery<FunctionsHandle>[]): Error {
  const errors = failures.flatMap((outcome) =>
    outcome.kind === "release" && outcome.error !== undefined ? [outcome.error] : [],
  );
  const [only] = errors;
  if (deliveries.length === 1 && only instanceof Error) return only;
  return new QueueError("UNAVAILABLE", {
    what: `${failures.length} of ${deliveries.length} messages were not handled, and come again with all unsettled ones`,
    remedy: "Look at the cause; with the SDK binding each message is settled separately.",
    provider: PROVIDER,
    cause: new AggregateError(errors, `${errors.length} handlers failed`),
  });
}

function targetOf({ trigger, deliveries }: Invocation): Target {
  const { entity = "unknown", isSubscription, connection, hasSessions } = trigger;
  const isOrdered = hasSessions ?? deliveries.some(({ orderingKey }) => orderingKey !== undefined);
  const kind = entity.endsWith("/$DeadLetterQueue")
    ? "dead-letter"
    : isSubscription
      ? "subscription"
      : "queue";
  const ref = { kind, name: entity, exact: true, features: [] } as const;
  return {
    // The host does not pass the namespace. Two of them may have equal queue names and equal message numbers.
    name: `service-bus:///${entity}${connection === undefined ? "" : `?connection=${connection}`}`,
    entity,
    ref,
    // Followers of a failed message are released with it: the host brings them again after it.
    capabilities: { ...capabilitiesOf(ref, { isOrdered, canCancel: false }), followers: "release" },
    limits: SERVICE_BUS_LIMITS,
  };
}

/** Writes notices to the function's own log too: many functions have no listener. */
function warnOnce(notices: readonly string[], told: Set<string>, context: FunctionsContext): void {
  const warn = context.warn as ((text: string) => void) | undefined;
  for (const text of notices) {
    if (told.has(text)) continue;
    told.add(text);
    warn?.call(context, `anyqueue: ${text}`);
  }
}

function msOf(duration: Duration | undefined, name: string): number | undefined {
  return duration === undefined ? undefined : durationToMs(duration, `functionsEvents(): ${name}`);
}

const OPTIONS = ["cardinality", "functionTimeout", "lockDuration", "calls", "clock"];

function checkOptions(options: FunctionsEventsOptions): void {
  if (typeof options !== "object" || options === null)
    throw invalid(
      "functionsEvents(): expected an object of options",
      "Write functionsEvents() or functionsEvents({ … }).",
    );
  const { cardinality, calls, clock } = options;
  const problems = Object.keys(options)
    .filter((key) => !OPTIONS.includes(key))
    .map((key) => unknownOption(key));
  if (![undefined, "one", "many"].includes(cardinality))
    problems.push('cardinality: expected "one" or "many"');
  if (calls !== undefined && typeof calls?.of !== "function")
    problems.push("calls: expected what serviceBusCalls() returns");
  if (clock !== undefined && typeof clock?.now !== "function") problems.push("clock: expected a clock");
  if (problems.length > 0)
    throw invalid(
      `functionsEvents(): ${problems.join("; ")}`,
      "Correct the options; every problem found is listed.",
    );
}

function unknownOption(key: string): string {
  const meant = suggest(key, OPTIONS);
  return `unknown option ${JSON.stringify(key)} (${meant === undefined ? `known: ${OPTIONS.join(", ")}` : `did you mean "${meant}"?`})`;
}
