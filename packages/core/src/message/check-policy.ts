import { countProblems, expects, kindOf, optionProblems, type Checks } from "../errors/check-options.ts";
import { isQueueError } from "../errors/queue-error.ts";
import { durationToMs } from "../time/duration.ts";

/** The members of a `QueuePolicy`. */
export const POLICY: Checks = {
  retry: (retry, where) => optionProblems(retry, RETRY, where),
  lease: positiveProblems,
  deadLetter: expects('"auto" or "none"', (value) => value === "auto" || value === "none"),
};

const RETRY: Checks = {
  attempts: (value, where) =>
    value === "unlimited" ? [] : countProblems(value, where, 1, ' or "unlimited"'),
  delay: (value, where) => (typeof value === "function" ? [] : durationProblems(value, where)),
};

/** Returns no problem if `value` is a duration of at least one millisecond after rounding. */
export function positiveProblems(value: unknown, where: string): string[] {
  const problems = durationProblems(value, where);
  if (problems.length > 0 || typeof value !== "string" || durationToMs(value, where) > 0) return problems;
  return [`${where}: expected more than 0, got ${JSON.stringify(value)}`];
}

/** Returns no problem if `value` is a duration. */
export function durationProblems(value: unknown, where: string): string[] {
  if (typeof value !== "string") return [`${where}: expected a duration such as "30s", got ${kindOf(value)}`];
  try {
    durationToMs(value, where);
    return [];
  } catch (error) {
    if (!isQueueError(error)) throw error;
    return [`${where}: expected a duration such as "30s", got ${JSON.stringify(value.slice(0, 40))}`];
  }
}
