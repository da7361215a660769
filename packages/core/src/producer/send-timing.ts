import type { Capabilities, Feature } from "../driver/capabilities.ts";
import { unsupported, type QueueError } from "../errors/queue-error.ts";
import { RESERVED } from "../message/attributes.ts";
import { durationToMs } from "../time/duration.ts";
import type { Refuse } from "./check-fields.ts";
import type { SendPlace } from "./send-place.ts";

/** How a message's delay and ttl are sent. */
export interface SendTiming {
  readonly deliverAtMs?: number;
  readonly ttlMs?: number;
  /** Attributes by which the core emulates, on the consumer's side, what the provider lacks. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Features that were emulated. */
  readonly emulated?: readonly Feature[];
}

export interface TimingContext {
  readonly capabilities: Capabilities;
  readonly emulate: readonly Feature[];
  readonly wallNowMs: number;
  readonly place: SendPlace;
  readonly refuse: Refuse;
}

export const AS_IT_IS: SendTiming = /* @__PURE__ */ Object.freeze({});

/** @throws UNSUPPORTED for what the provider lacks and the definition does not emulate, INVALID_ARGUMENT */
export function sendTiming(delay: unknown, ttl: unknown, context: TimingContext): SendTiming {
  const dueMs = delay === undefined ? undefined : dueTime(delay, context);
  const delayed = dueMs === undefined ? AS_IT_IS : delayTiming(dueMs, context);
  if (ttl === undefined) return delayed;
  const limited = ttlTiming(ttl, dueMs ?? context.wallNowMs, context);
  return {
    ...delayed,
    ...limited,
    attributes: { ...delayed.attributes, ...limited.attributes },
    emulated: [...(delayed.emulated ?? []), ...(limited.emulated ?? [])],
  };
}

/** Returns Unix epoch milliseconds, or undefined for now. */
function dueTime(delay: unknown, context: TimingContext): number | undefined {
  const dueMs =
    delay instanceof Date ? delay.getTime() : context.wallNowMs + durationOf("delay", delay, context.refuse);
  if (Number.isNaN(dueMs)) throw context.refuse("delay", "the date is invalid");
  return dueMs > context.wallNowMs ? dueMs : undefined;
}

function delayTiming(dueMs: number, context: TimingContext): SendTiming {
  const { sendDelay } = context.capabilities;
  const nativeMs = sendDelay === "none" ? 0 : sendDelay.maxMs;
  const delayMs = dueMs - context.wallNowMs;
  if (delayMs <= nativeMs) return { deliverAtMs: dueMs };
  if (!context.emulate.includes("delay")) {
    const problem =
      nativeMs === 0
        ? "the provider cannot delay a message"
        : `the provider delays a message by at most ${nativeMs} ms, got ${delayMs} ms`;
    throw lacking("delay", problem, context);
  }
  return {
    // The service delays the message as long as it can; the consumer's side delays it for the rest.
    ...(nativeMs > 0 && { deliverAtMs: context.wallNowMs + nativeMs }),
    attributes: { [RESERVED.due]: String(dueMs) },
    emulated: ["delay"],
  };
}

function ttlTiming(ttl: unknown, fromMs: number, context: TimingContext): SendTiming {
  const ttlMs = durationOf("ttl", ttl, context.refuse);
  if (ttlMs <= 0) throw context.refuse("ttl", "expected more than zero");
  if (context.capabilities.ttl) return { ttlMs };
  if (!context.emulate.includes("ttl")) {
    throw lacking("ttl", "the provider cannot let a single message expire", context);
  }
  return { attributes: { [RESERVED.expires]: String(fromMs + ttlMs) }, emulated: ["ttl"] };
}

function durationOf(field: string, value: unknown, refuse: Refuse): number {
  if (typeof value !== "string") throw refuse(field, `expected a duration, got ${typeof value}`);
  // Computed delays may be negative, which means the same as zero.
  const isNegative = value.startsWith("-");
  return isNegative ? -durationToMs(value.slice(1), field) : durationToMs(value, field);
}

function lacking(feature: Feature, what: string, context: TimingContext): QueueError {
  const remedy = `Add emulate: [${JSON.stringify(feature)}] to the definition, or use a provider that has it.`;
  return unsupported(feature, { what, remedy, ...context.place });
}
