import { isQueueError, type QueueError } from "@anyqueue/core";

/** What to do if a feature is missing: the library speaks of definitions, which a shell does not have. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ["delay", "Shorten --delay to what the queue takes or leave it out, or use a queue that has it."],
  ["ttl", "Leave --ttl out, or use a queue that has it."],
  ["ordering", "Leave --ordered or --key out, or use a provider that has it."],
  ["deduplication", "Leave --deduplicating out, or use a provider that has it."],
]);
const NO_CONNECTION =
  "Give --url <url>, or set ANYQUEUE_URL. `anyqueue up` starts servers on this machine, and prints the line that sets it.";

/** The text of an error or its remedy, with flags in place of what only a program could change. */
export function shellWords(error: unknown, text: string): string {
  return allIn(error).reduce((words, each) => {
    const remedy = remedyOf(each);
    return remedy === undefined ? words : words.replaceAll(each.remedy, () => remedy);
  }, text);
}

function remedyOf(error: QueueError): string | undefined {
  if (isNoConnection(error)) return NO_CONNECTION;
  const isOfDefinition = isQueueError(error, "UNSUPPORTED") && error.remedy.includes("definition");
  return isOfDefinition ? REMEDIES.get(error.feature) : undefined;
}

/** True if neither the environment nor a file names a connection. */
export function isNoConnection(error: unknown): boolean {
  return isQueueError(error, "INVALID_ARGUMENT") && error.feature === "connection";
}

/** The errors behind one error, which may stand for several. */
function allIn(error: unknown): readonly QueueError[] {
  if (!isQueueError(error)) return [];
  const { cause } = error;
  return [
    error,
    ...(cause instanceof AggregateError ? cause.errors.filter((each) => isQueueError(each)) : []),
  ];
}
