import { redact } from "../errors/redact.ts";
import { isQueueError, QueueError } from "../errors/queue-error.ts";

/**
 * Combines errors into one. A single QueueError is returned unchanged; otherwise the result has the code, the
 * place and the details of the first one, the text of all, and all as its cause.
 */
export function combineErrors(errors: readonly unknown[], what: string): QueueError {
  const first = errors[0];
  if (errors.length === 1 && isQueueError(first)) return first;
  const texts = errors.map((error) => redact(error instanceof Error ? error.message : String(error)));
  const known = errors.filter((error) => isQueueError(error));
  const remedy = "Correct each of them.";
  const combined = new QueueError(known[0]?.code ?? "INTERNAL", {
    what: `${what}:\n${texts.map((text) => `- ${text}`).join("\n")}\n${texts.length} in all`,
    remedy,
    cause: errors.length === 1 ? first : new AggregateError(errors, what),
  });
  return Object.assign(combined, known[0], {
    remedy,
    retryable: known.length === errors.length && known.every((error) => error.retryable),
    ambiguous: known.some((error) => error.ambiguous),
  });
}
