import { unmetNeeds } from "../client/check-needs.ts";
import { DEFAULTS } from "../client/defaults.ts";
import type { EntityFacts, Target } from "../driver/entity.ts";
import { QueueError, unsupported } from "../errors/queue-error.ts";
import type { DefinitionDetails } from "../message/queue-definition.ts";
import { durationToMs } from "../time/duration.ts";
import type { ConsumerSettings } from "./resolve-options.ts";

/** Where the service cannot delay: longest delay with the lease held. More needs `emulate: ["delay"]`. */
export const MAX_PARK_MS = 60_000;

export interface StartFacts {
  readonly details: DefinitionDetails;
  readonly settings: ConsumerSettings;
  readonly target: Target;
  /** Undefined: nothing could be read. */
  readonly facts: EntityFacts | undefined;
}

/** Refuses what this entity cannot do, before anything is received. @throws UNSUPPORTED, INVALID_ARGUMENT */
export function refuseMisfit(start: StartFacts, provider: string): void {
  const [misfit] = misfits(start, provider);
  if (misfit !== undefined) throw misfit;
}

/** Every need of the definition and every setting of the consumer that this entity cannot meet. */
export function misfits(start: StartFacts, provider: string): readonly QueueError[] {
  return [
    ...unmetNeeds(start.details, start.target, provider),
    ...[attemptsMisfit, retryDelayMisfit, timesMisfit].flatMap((misfitOf) => misfitOf(start) ?? []),
  ];
}

/** Notices at the start, one sentence each. */
export function startNotices({ details, settings, facts }: StartFacts): readonly string[] {
  const notices = [...(facts?.unknown ?? [])];
  const maxDeliveries = facts?.maxDeliveries;
  if (maxDeliveries === undefined || details.kind === "dead-letter") return notices;
  if (settings.attempts === Infinity) {
    notices.push(`attempts are unlimited, but the service dead-letters after ${maxDeliveries} deliveries`);
  } else if (maxDeliveries === settings.attempts) {
    notices.push(
      `the service dead-letters after ${maxDeliveries} deliveries, as many as attempts: one that is given back unhandled, as in a shutdown, may use up one`,
    );
  }
  return notices;
}

/** The lease that a receive or a renewal asks for. */
export function wantedLeaseMs({ settings, target, facts }: StartFacts): number {
  const { capabilities, limits } = target;
  const wantedMs = settings.leaseMs ?? DEFAULTS.leaseMs;
  const entityMs = facts?.leaseMs ?? wantedMs;
  if (capabilities.leaseSetBy === "entity") return entityMs > 0 ? entityMs : wantedMs;
  return Math.min(Math.max(wantedMs, limits.lease.minMs), limits.lease.maxMs);
}

/** Longest time for which one delivery is held. */
export function longestHoldMs(settings: ConsumerSettings): number {
  return Math.max(DEFAULTS.leaseTotalMs, settings.handlerTimeoutMs ?? 0);
}

function attemptsMisfit(start: StartFacts): QueueError | undefined {
  const { details, settings, target, facts } = start;
  const { attempts } = settings;
  if (details.kind === "dead-letter" || attempts === Infinity) return undefined;
  if (target.capabilities.deliveryCount === "none") {
    return unsupported("attempts", {
      what: `the service does not count deliveries, so ${attempts} attempts cannot be kept`,
      remedy: 'Give the queue a dead-letter policy, or set retry: { attempts: "unlimited" }.',
      target: target.name,
    });
  }
  const maxDeliveries = facts?.maxDeliveries;
  if (maxDeliveries === undefined || maxDeliveries >= attempts) return undefined;
  return new QueueError("INVALID_ARGUMENT", {
    what: `retry.attempts is ${attempts}, but the service dead-letters after ${maxDeliveries} deliveries`,
    remedy: `Set retry: { attempts: ${maxDeliveries} } or raise the queue's maximum deliveries above ${attempts}.`,
    target: target.name,
  });
}

function retryDelayMisfit(start: StartFacts): QueueError | undefined {
  const { details, target } = start;
  const native = target.capabilities.releaseDelay;
  const fixedMs = fixedDelayMs(start.settings);
  if (native !== "none") {
    if (fixedMs <= native.maxMs) return undefined;
    const what = `retry.delay is ${fixedMs} ms, but the service delays a retry by ${native.maxMs} ms at most`;
    const remedy = `Set at most ${native.maxMs / 1_000} s.`;
    return unsupported("delay", { what, remedy, target: target.name });
  }
  if (mayDelayLonger(details) || fixedMs <= MAX_PARK_MS) return undefined;
  const otherwise =
    details.kind === "subscription"
      ? "forward the subscription to a queue and consume that."
      : 'allow more with emulate: ["delay"].';
  return unsupported("delay", {
    what: `retry.delay is ${fixedMs} ms, but the service cannot delay a retry`,
    remedy: `Set at most ${MAX_PARK_MS / 1_000} s, or ${otherwise}`,
    target: target.name,
  });
}

/** True: over `MAX_PARK_MS` can be emulated; not where a topic would copy the retry to all subscriptions. */
export function mayDelayLonger({ kind, emulate }: DefinitionDetails): boolean {
  return kind !== "subscription" && emulate.includes("delay");
}

function timesMisfit(start: StartFacts): QueueError | undefined {
  const { settings, target } = start;
  const { limits } = target;
  const { leaseMs, handlerTimeoutMs } = settings;
  if (handlerTimeoutMs !== undefined && handlerTimeoutMs > limits.lease.totalMs) {
    return new QueueError("INVALID_ARGUMENT", {
      what: `consumer.handlerTimeout is ${handlerTimeoutMs} ms, but the service holds a delivery for ${limits.lease.totalMs} ms at most`,
      target: target.name,
    });
  }
  return leaseMisfit(leaseMs, target);
}

/** Where the entity has a lease of its own, renewals keep a longer one. */
export function leaseMisfit(
  leaseMs: number | undefined,
  { capabilities, limits, name }: Target,
): QueueError | undefined {
  if (leaseMs === undefined || capabilities.leaseSetBy === "entity") return undefined;
  if (leaseMs >= limits.lease.minMs && leaseMs <= limits.lease.maxMs) return undefined;
  return new QueueError("INVALID_ARGUMENT", {
    what: `lease: expected ${limits.lease.minMs} to ${limits.lease.maxMs} ms, got ${leaseMs}`,
    target: name,
  });
}

function fixedDelayMs({ retryDelay }: ConsumerSettings): number {
  return typeof retryDelay === "string" ? durationToMs(retryDelay, "retry.delay") : 0;
}
