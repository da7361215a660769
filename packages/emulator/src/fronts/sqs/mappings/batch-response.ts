// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html (2026-11-29): "Success and failure conditions"

/** Messages that stay in the queue after a function's answer. */
export type BatchFailures = "none" | "all" | ReadonlySet<string>;

/**
 * Reads the answer to an event with these message ids.
 *
 * - All succeeded: the answer is empty, null or has no `batchItemFailures`.
 * - All failed: the answer is not JSON, or an id is empty, null or unknown, or an item has another key.
 *
 * Without partial responses every answer means success.
 */
export function readBatchResponse(
  body: string,
  messageIds: readonly string[],
  isPartial: boolean,
): BatchFailures {
  if (!isPartial) return "none";
  const answer = parse(body);
  if (answer === INVALID) return "all";
  if (answer === undefined || answer === null) return "none";
  if (typeof answer !== "object" || Array.isArray(answer)) return "all";
  const list: unknown = Reflect.get(answer, "batchItemFailures");
  if (list === undefined || list === null) return "none";
  if (!Array.isArray(list)) return "all";
  const known = new Set(messageIds);
  const failed = new Set<string>();
  for (const item of list) {
    const id: unknown =
      typeof item === "object" && item !== null ? Reflect.get(item, "itemIdentifier") : undefined;
    if (typeof id !== "string" || !known.has(id)) return "all";
    failed.add(id);
  }
  return failed.size === 0 ? "none" : failed;
}

const INVALID = Symbol("invalid");

function parse(body: string): unknown {
  if (body.trim() === "") return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return INVALID;
  }
}
