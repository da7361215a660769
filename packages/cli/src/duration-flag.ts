import { isQueueError, parseDuration, type Duration } from "@anyqueue/core";
import type { ParsedFlags } from "./parse-flags.ts";
import { UsageError } from "./usage-error.ts";

/** The value of a flag that is a length of time with its unit. */
export function durationFlag(command: string, flags: ParsedFlags, name: string): Duration | undefined {
  const given = flags.value(name);
  if (given === undefined) return undefined;
  try {
    return parseDuration(given);
  } catch (error) {
    if (!isQueueError(error)) throw error;
    throw new UsageError(`anyqueue ${command}: --${name} got "${given}". ${error.remedy}`);
  }
}
