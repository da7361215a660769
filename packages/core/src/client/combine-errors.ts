import { redact } from "../errors/redact.ts";
import { isQueueError, QueueError, type QueueErrorInit } from "../errors/queue-error.ts";

/**
 * Combines errors into one. A single QueueError is returned unchanged; otherwise the result has the code and
 * the details of the first, the text of all, and all as its cause.
 */
export function combineErrors(errors: readonly unknown[], what: string): QueueError {
  const first = errors[0];
  if (errors.length === 1 && isQueueError(first)) return first;
  const texts = errors.map((error) => redact(error instanceof Error ? error.message : String(error)));
  const known = errors.find((error) => isQueueError(error));
  const init: QueueErrorInit = {
    what: `${what}:\n${texts.map((text) => `- ${text}`).join("\n")}\n${texts.length} in all`,
    remedy: "Correct each of them.",
    ambiguous: errors.some((error) => isQueueError(error) && error.ambiguous),
    cause: errors.length === 1 ? first : new AggregateError(errors, what),
  };
  const combined = new QueueError(known?.code ?? "INTERNAL", init);
  return isQueueError(known, "UNSUPPORTED") ? Object.assign(combined, { feature: known.feature }) : combined;
}
