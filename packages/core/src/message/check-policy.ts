import { asRecord, callProblems, countProblems, kindOf } from "../errors/check-options.ts";
import { isQueueError } from "../errors/queue-error.ts";
import { durationToMs } from "../time/duration.ts";

/** Members of a `QueuePolicy`. */
export const POLICY_KEYS: readonly string[] = ["retry", "lease", "deadLetter"];

/** Returns the problems of a definition's or consumer's policy, one sentence each. Ignores other keys. */
export function policyProblems(given: Readonly<Record<string, unknown>>, where: string): string[] {
  const problems = retryProblems(given["retry"], `${where}.retry`);
  if (given["lease"] !== undefined) problems.push(...positiveProblems(given["lease"], `${where}.lease`));
  const deadLetter = given["deadLetter"];
  if (deadLetter !== undefined && deadLetter !== "auto" && deadLetter !== "none") {
    problems.push(`${where}.deadLetter: expected "auto" or "none", got ${kindOf(deadLetter)}`);
  }
  return problems;
}

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

function retryProblems(retry: unknown, where: string): string[] {
  if (retry === undefined) return [];
  const problems = callProblems(retry, ["attempts", "delay"], where);
  const { attempts = "unlimited", delay } = asRecord(retry);
  if (attempts !== "unlimited")
    problems.push(...countProblems(attempts, `${where}.attempts`, 1, ' or "unlimited"'));
  if (delay !== undefined && typeof delay !== "function") {
    problems.push(...durationProblems(delay, `${where}.delay`));
  }
  return problems;
}
