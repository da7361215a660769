import type { Delivery } from "../driver/delivery.ts";
import type { Outcome } from "../driver/event-source.ts";
import { isDeadLetterError } from "../errors/handler-errors.ts";
import { isQueueError, QueueError } from "../errors/queue-error.ts";
import { RESERVED } from "../message/attributes.ts";
import { decodeDelivery, rawMessage } from "../message/decode-message.ts";
import type { DefinitionDetails } from "../message/queue-definition.ts";
import type { ConsumerOptions, HandlerContext, Message } from "../queue-consumer.ts";
import { DEAD_LETTER_REASONS, decideRedelivery, type RedeliveryPolicy } from "../retry/redelivery.ts";
import { attemptOf } from "./attempt-of.ts";
import { RunContext } from "./run-context.ts";

/** The rules by which a delivery is processed; the same for a worker and for a function. */
export interface ProcessingRules {
  readonly details: DefinitionDetails;
  /** The handler, wrapped in its middleware. */
  readonly handle: (message: Message<unknown>, context: HandlerContext) => unknown;
  readonly onInvalid: NonNullable<ConsumerOptions["onInvalid"]>;
  readonly redelivery: RedeliveryPolicy;
  /** Name of the target, for the dead letter's origin. */
  readonly source: string;
  readonly wallNow: () => number;
}

/** What the engine decided, and the error behind it. */
export interface Processed {
  readonly outcome: Outcome;
  readonly error: unknown;
  /** True: the handler or the decoding failed. */
  readonly isFailure: boolean;
}

export const ACK: Outcome = Object.freeze({ kind: "ack" });
const HANDLED: Processed = Object.freeze({ outcome: ACK, error: undefined, isFailure: false });

/** Called at the end of a run. One function for all runs: a run that ends at once costs no closure. */
export type OnProcessed<Held> = (held: Held, processed: Processed) => void;

interface Processable {
  readonly delivery: Delivery<unknown>;
}

/**
 * Decodes the message, runs the handler in its middleware, decides. No I/O of its own. Never throws if
 * `onEnd` does not. Calls `onEnd` before it returns if there is nothing to wait for: a promise per message
 * would be the greatest cost of a busy consumer.
 */
export function processDelivery<Held extends Processable>(
  rules: ProcessingRules,
  held: Held,
  context: HandlerContext,
  onEnd: OnProcessed<Held>,
): void {
  let message: Message<unknown> | Promise<Message<unknown>>;
  try {
    message = decodeDelivery(rules.details, held.delivery);
  } catch (error) {
    void endInvalid(rules, held, error, onEnd);
    return;
  }
  if (message instanceof Promise) void decodeLater(rules, held, message, context, onEnd);
  else runHandler(rules, held, message, context, onEnd);
}

async function decodeLater<Held extends Processable>(
  rules: ProcessingRules,
  held: Held,
  decoding: Promise<Message<unknown>>,
  context: HandlerContext,
  onEnd: OnProcessed<Held>,
): Promise<void> {
  let message: Message<unknown> | undefined;
  let invalid: unknown;
  try {
    message = await decoding;
  } catch (error) {
    invalid = error;
  }
  const gone = RunContext.goneBy(context);
  if (gone !== undefined) onEnd(held, failed(rules, held.delivery, gone));
  else if (message === undefined) await endInvalid(rules, held, invalid, onEnd);
  else runHandler(rules, held, message, context, onEnd);
}

async function endInvalid<Held extends Processable>(
  rules: ProcessingRules,
  held: Held,
  error: unknown,
  onEnd: OnProcessed<Held>,
): Promise<void> {
  onEnd(held, await processInvalid(rules, held.delivery, error));
}

function runHandler<Held extends Processable>(
  rules: ProcessingRules,
  held: Held,
  message: Message<unknown>,
  context: HandlerContext,
  onEnd: OnProcessed<Held>,
): void {
  let running: Promise<unknown> | undefined;
  try {
    const returned = rules.handle(message, context);
    // Only an object can be a promise. `undefined`, the usual result, comes first: `Object` would box it.
    if (returned !== undefined && Object(returned) === returned) running = Promise.resolve(returned);
  } catch (error) {
    onEnd(held, failed(rules, held.delivery, error));
    return;
  }
  if (running === undefined) onEnd(held, HANDLED);
  else endAfter(running, rules, held, onEnd);
}

/** Not awaited: an awaiting async function takes 430 bytes while the handler runs, this just over half. */
function endAfter<Held extends Processable>(
  running: Promise<unknown>,
  rules: ProcessingRules,
  held: Held,
  onEnd: OnProcessed<Held>,
): void {
  void running.then(
    () => {
      onEnd(held, HANDLED);
    },
    (error: unknown) => {
      onEnd(held, failed(rules, held.delivery, error));
    },
  );
}

/** Decides what follows when a run of this delivery failed with `error`. Never throws. */
export function outcomeOfFailure(
  rules: ProcessingRules,
  delivery: Delivery<unknown>,
  error: unknown,
): Outcome {
  try {
    return judge(rules, delivery, error);
  } catch (unreadable) {
    // A revoked proxy throws on any access. What it throws is judged instead, unless that throws, too.
    try {
      return judge(rules, delivery, unreadable);
    } catch {
      return judge(rules, delivery, new Error("what was thrown throws when it is touched"));
    }
  }
}

function judge(rules: ProcessingRules, delivery: Delivery<unknown>, error: unknown): Outcome {
  if (isDeadLetterError(error)) return deadLetter(rules, delivery, error.reason, error.cause ?? error);
  const redelivery = decideRedelivery(rules.redelivery, attemptOf(delivery), error);
  if (redelivery.kind === "dead-letter") return deadLetter(rules, delivery, redelivery.reason, error);
  return { kind: "release", delayMs: redelivery.delayMs, cause: "retry", error };
}

/**
 * The consumer's half of the delay and ttl emulation: reads only attributes that the core's own producer set
 * where the provider lacks delay or ttl.
 * @returns milliseconds until the message is due; 0: it is
 */
export function timelinessOf(delivery: Delivery<unknown>, wallNow: () => number): number | "expired" {
  const expires = delivery.attributes[RESERVED.expires];
  const due = delivery.attributes[RESERVED.due];
  if (expires === undefined && due === undefined) return 0;
  const nowMs = wallNow();
  if (momentOf(expires) <= nowMs) return "expired";
  const remainingMs = momentOf(due) - nowMs;
  return remainingMs > 0 ? remainingMs : 0;
}

/** NaN for what is not a number, because expired messages are dropped. `Number("")` would be 0. */
function momentOf(text = ""): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}

/** Decides what follows when a delivery could not be decoded because of `thrown`. Never rejects. */
export async function processInvalid(
  rules: ProcessingRules,
  delivery: Delivery<unknown>,
  thrown: unknown,
): Promise<Processed> {
  const { onInvalid } = rules;
  const error = asInvalid(thrown);
  if (onInvalid === "retry" || (onInvalid === "dead-letter" && error.retryable))
    return failed(rules, delivery, error);
  if (onInvalid === "dead-letter") {
    return {
      outcome: deadLetter(rules, delivery, DEAD_LETTER_REASONS.invalid, error),
      error,
      isFailure: true,
    };
  }
  try {
    await onInvalid(rawMessage(delivery), error);
    return HANDLED;
  } catch (hookError) {
    return failed(rules, delivery, hookError);
  }
}

function failed(rules: ProcessingRules, delivery: Delivery<unknown>, error: unknown): Processed {
  return { outcome: outcomeOfFailure(rules, delivery, error), error, isFailure: true };
}

function asInvalid(error: unknown): QueueError {
  if (isQueueError(error, "INVALID_MESSAGE")) return error;
  return new QueueError("INVALID_MESSAGE", { what: "the message cannot be decoded", cause: error });
}

function deadLetter(
  rules: ProcessingRules,
  delivery: Delivery<unknown>,
  reason: string,
  error: unknown,
): Outcome {
  // Services refuse an empty reason.
  const shortReason = clip(reason, MAX_REASON_BYTES) || "UNSPECIFIED";
  const description = clip(describe(error), MAX_DESCRIPTION_BYTES);
  return {
    kind: "dead-letter",
    reason: shortReason,
    description,
    attributes: {
      [RESERVED.deadReason]: shortReason,
      [RESERVED.deadDescription]: description,
      [RESERVED.deadSource]: rules.source,
      [RESERVED.deadAttempts]: String(attemptOf(delivery)),
      ...(delivery.enqueuedAtMs === undefined
        ? {}
        : { [RESERVED.deadFirst]: wholeMs(delivery.enqueuedAtMs) }),
      [RESERVED.deadLast]: wholeMs(rules.wallNow()),
      [RESERVED.deadError]: clip(errorName(error), MAX_REASON_BYTES),
    },
  };
}

const MAX_REASON_BYTES = 256;
const MAX_DESCRIPTION_BYTES = 1_024;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Cuts to at most `maxBytes` of UTF-8, between characters. Lone surrogates are replaced. */
function clip(text: string, maxBytes: number): string {
  const bytes = encoder.encode(text);
  const clipped = decoder.decode(bytes.subarray(0, maxBytes));
  return bytes.byteLength > maxBytes ? clipped.replace(/\uFFFD+$/, "") : clipped;
}

function describe(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return typeof error; // it has no text, or reading it throws
  }
}

function errorName(error: unknown): string {
  try {
    const name: unknown = error instanceof Error ? error.name : undefined;
    return typeof name === "string" ? name : typeof error;
  } catch {
    return typeof error;
  }
}

function wholeMs(ms: number): string {
  return String(Math.round(ms));
}

/** False for a message that was given back, or replaced by a copy that is tried later. */
export function isProcessedBy(outcome: Outcome | undefined): boolean {
  return outcome?.kind !== "release";
}
