import { isQueueError, type QueueError } from "@anyqueue/core";

/** What to do if a queue lacks something: the library speaks of definitions, which a shell does not have. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ["delay", "Shorten --delay to what the queue takes or leave it out, or use a queue that has it."],
  ["ttl", "Leave --ttl out, or use a queue that has it."],
  ["ordering", "Leave --ordered or --key out, or use a provider that has it."],
  ["deduplication", "Leave --deduplicating out, or use a provider that has it."],
]);

/** The text of an error or its remedy, with flags in place of what only a program could change. */
export function shellWords(error: unknown, text: string): string {
  let words = text;
  for (const each of allIn(error)) {
    const remedy = isQueueError(each, "UNSUPPORTED") ? REMEDIES.get(each.feature) : undefined;
    if (remedy !== undefined && each.remedy.includes("definition"))
      words = words.replaceAll(each.remedy, remedy);
  }
  return words;
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
