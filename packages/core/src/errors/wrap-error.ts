import type { ErrorClass, Operation, QueueAdapter } from "../driver/driver.ts";
import type { Target } from "../driver/entity.ts";
import { withoutUndefined } from "../message/without-undefined.ts";
import { BrokenRule } from "./broken-rule.ts";
import { ERROR_CODES } from "./error-codes.ts";
import { isQueueError, queueError, QueueError, unsupported, type QueueErrorInit } from "./queue-error.ts";
import { redactShort } from "./redact.ts";
import { unheard } from "./unheard.ts";

/** The longest wait that a service's hint can cause. A maintenance page may name a much later end. */
const MAX_HINT_MS = 300_000;
/** They change nothing at the service, so their failure is never ambiguous. */
const WITHOUT_EFFECT: ReadonlySet<Operation> = new Set(["open", "probe", "peek"]);

/**
 * Turns what a driver threw or reported into a QueueError; the vendor's value becomes its `cause`. Called
 * once, where the driver is called. Returns a QueueError unchanged.
 *
 * @param sizeBytes of the one message that was sent, if there was one
 */
export function wrapDriverError(
  adapter: Pick<QueueAdapter, "name" | "classify">,
  target: Pick<Target, "name">,
  operation: Operation,
  error: unknown,
  sizeBytes?: number,
): QueueError {
  if (isQueueError(error)) return error;
  if (error instanceof BrokenRule) return brokenRule(adapter, target, operation, error);
  const errorClass = classify(adapter, error, operation);
  const init: QueueErrorInit = {
    what: `${operation} failed${describe(error)}`,
    remedy: errorClass.remedy,
    retryable: errorClass.retryable,
    ambiguous: errorClass.ambiguous === true && !WITHOUT_EFFECT.has(operation),
    retryAfterMs: hintOf(errorClass),
    providerCode: errorClass.providerCode,
    requestId: errorClass.requestId,
    operation,
    provider: adapter.name,
    target: target.name,
    cause: error,
  };
  const { code, limitBytes } = errorClass;
  if (code === "UNSUPPORTED") return unsupported(operation, init);
  if (code === "MESSAGE_TOO_LARGE")
    return queueError(code, init, withoutUndefined({ sizeBytes, limitBytes }));
  // Node prints this line above an error that nobody catches: it names no other code.
  return new QueueError(code, init);
}

function brokenRule(
  adapter: Pick<QueueAdapter, "name">,
  target: Pick<Target, "name">,
  operation: Operation,
  { rule, message }: BrokenRule,
): QueueError {
  return new QueueError("INTERNAL", {
    what: `the adapter ${JSON.stringify(adapter.name)} broke rule ${rule} of the driver contract: ${message}`,
    remedy: "Report it to the author of the adapter: its conformance suite shows the same.",
    ambiguous: rule === "D2", // of all rules, only this one leaves open what took effect
    operation,
    provider: adapter.name,
    target: target.name,
  });
}

/** The same failure, but the operation may have taken effect on an earlier try. */
export function asAmbiguous(error: QueueError): QueueError {
  if (error.ambiguous) return error;
  return reworded(error, "an earlier try may have taken effect, the last one failed", { ambiguous: true });
}

/** The same error in other words. `over` replaces fields; all others are copied. */
export function reworded(
  error: QueueError,
  what: string,
  over: Partial<QueueErrorInit>,
  cause: unknown = error,
): QueueError {
  const { remedy = error.remedy, target = error.target } = over;
  // The details of the code are fields, too; message and cause are none.
  return Object.assign(new QueueError(error.code, { what, remedy, target, cause }), error, over);
}

/** Adds the place to an error of the core's own checks. Any other error becomes INTERNAL. */
export function placeError(
  error: unknown,
  place: { readonly operation: Operation; readonly provider: string; readonly target: string },
): QueueError {
  if (!isQueueError(error))
    return new QueueError("INTERNAL", { what: `${place.operation} failed`, ...place, cause: error });
  return error.target === "" ? reworded(error, whatOf(error), place, error.cause) : error;
}

/** Returns what failed. The message is `CODE: what. remedy`. */
export function whatOf({ code, message, remedy }: QueueError): string {
  return message.slice(code.length + 2, -(remedy.length + 2));
}

function hintOf({ retryAfterMs = Number.NaN }: ErrorClass): number | undefined {
  return retryAfterMs >= 0 ? Math.min(retryAfterMs, MAX_HINT_MS) : undefined;
}

/** If `classify` throws or returns an unknown code, the error that it was asked about must not be hidden. */
function classify(adapter: Pick<QueueAdapter, "classify">, error: unknown, operation: Operation): ErrorClass {
  try {
    const known = unheard(adapter.classify(error, operation));
    if (Object.hasOwn(ERROR_CODES, known.code)) return known;
  } catch {
    // Handled below, like an unknown code.
  }
  return { code: "INTERNAL", retryable: false, ambiguous: true };
}

/** The first line of the vendor's message. */
function describe(error: unknown): string {
  if (!(error instanceof Error) || typeof error.message !== "string" || error.message === "") return "";
  const [line = ""] = error.message.split("\n", 1);
  return `: ${redactShort(line)}`;
}
