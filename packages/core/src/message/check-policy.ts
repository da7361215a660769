import {
  countProblems,
  expects,
  kindOf,
  optionProblems,
  type Check,
  type Checks,
} from "../errors/check-options.ts";
import { msOf } from "../time/duration.ts";

const RETRY: Checks = {
  attempts: (value, where) =>
    value === "unlimited" ? [] : countProblems(value, where, 1, ' or "unlimited"'),
  delay: (value, where) => (typeof value === "function" ? [] : durationProblems(value, where)),
};

export const retryProblems: Check = (retry, where) => optionProblems(retry, RETRY, where);
export const deadLetterProblems: Check = expects(
  '"auto" or "none"',
  (value) => value === "auto" || value === "none",
);

/** The members of a `QueuePolicy`. Tables with more name them one by one: bundlers keep what is spread. */
export const POLICY: Checks = {
  retry: retryProblems,
  lease: positiveProblems,
  deadLetter: deadLetterProblems,
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
