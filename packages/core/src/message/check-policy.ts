import { countProblems, expects, kindOf, optionProblems, type Checks } from "../errors/check-options.ts";
import { msOf } from "../time/duration.ts";

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
  if (msOf(value) !== 0) return durationProblems(value, where);
  return [`${where}: expected more than 0, got ${JSON.stringify(value)}`];
}

/** Returns no problem if `value` is a duration. */
export function durationProblems(value: unknown, where: string): string[] {
  if (msOf(value) !== undefined) return [];
  const got = typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : kindOf(value);
  return [`${where}: expected a duration such as "30s", got ${got}`];
}
